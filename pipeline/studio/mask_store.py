"""The masks of one video, by frame: those of the run folder, or those that are just being made."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_file
from schemas import tables
from schemas.masks import Mask
from schemas.videos import Video
from verification_ui.studio.records import PageMask

_COLUMNS = ("object_id", "frame_idx", "rle", "quality", "source", "round")


@dataclass
class MaskStore:
    """Masks by frame and object, the latest of each."""

    _at: dict[int, dict[str, PageMask]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, run: RunFolder, video: Video) -> MaskStore:
        """The committed masks of a video."""
        store = cls()
        file = unit_file(run, tables.MASKS, video)
        if file.is_file():
            rows = tables.MASKS.read_files([file])
            columns = (rows[name].to_pylist() for name in _COLUMNS)
            store.put(PageMask(*row) for row in zip(*columns, strict=True))
        return store

    def put(self, masks: Iterable[PageMask]) -> None:
        """Add masks, replacing what was there."""
        with self._lock:
            for mask in masks:
                self._at.setdefault(mask.frame_idx, {})[mask.object_id] = mask

    def between(self, start: int, stop: int) -> list[PageMask]:
        """Masks of frames ``start`` to ``stop - 1``, by frame and object."""
        with self._lock:
            return [self._at[idx][key] for idx in range(start, stop) for key in sorted(self._at.get(idx, {}))]

    def get(self, object_id: str, frame_idx: int) -> PageMask | None:
        """One mask; None where the object is absent."""
        with self._lock:
            return self._at.get(frame_idx, {}).get(object_id)

    def object_ids(self) -> list[str]:
        """All objects with masks."""
        with self._lock:
            return sorted({object_id for own in self._at.values() for object_id in own})

    def qualities(self, object_id: str, n_frames: int) -> tuple[float, ...]:
        """Quality by frame, -1 where the object has no mask."""
        with self._lock:
            own = (self._at.get(idx, {}).get(object_id) for idx in range(n_frames))
            return tuple(-1.0 if mask is None else round(mask.quality, 3) for mask in own)


def page_masks(masks: Sequence[Mask]) -> list[PageMask]:
    """Masks of a video for the page."""
    return [PageMask(m.object_id, m.frame_idx, m.rle, m.quality, m.source, m.round) for m in masks]

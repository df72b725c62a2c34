"""Masks in one format, written a video at a time.

Every video leaves what the files about all videos say of it beside its own files; in the end those are made from the
videos' parts, piece by piece, so that no more than one video is ever in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.ranges import VideoTables
from schemas.whole_files import whole_file
from stages.export.masks.exported import UNNAMED, ExportedVideo
from stages.export.masks.referring import expressions
from stages.export.masks.registry import MASK_FORMATS, OF_WORDS
from stages.export.target import ExportTarget
from stages.video.frame_names import FrameNames

_PARTS = ".parts"


@dataclass(frozen=True, slots=True)
class ExportedMasks:
    """What was written of one video.

    Attributes:
        video_id: the video.
        n_objects: objects with a mask.
        n_masks: masks.
        problem: why nothing was written; else empty.
        n_silent: objects without words, in formats of words; no expression means them.
        is_folder: the video is a folder of frames.
    """

    video_id: str
    n_objects: int
    n_masks: int
    problem: str = ""
    n_silent: int = 0
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class MaskFolder:
    """The folder of one export.

    Attributes:
        target: of the export.
        form: a name in ``MASK_FORMATS``.
        categories: name → number of every category of the run.
    """

    target: ExportTarget
    form: str
    categories: Mapping[str, int]

    def write(self, number: int, found: VideoTables) -> ExportedMasks:
        """Write one video; ``number`` is its place among all."""
        stems = FrameNames(found.frame_names).stems()
        video = ExportedVideo(
            found.video,
            found.masks,
            number,
            found.names,
            stems,
            self.categories,
            found.expressions,
            found.noun_spans,
        )
        form = MASK_FORMATS[self.form]
        try:
            for path, content in form.files(video):
                self.target.write(path, content)
            self.target.write(f"{_PARTS}/{number:09d}.json", json.dumps(form.entry(video)).encode("ascii"))
        except ValueError as problem:
            return ExportedMasks(found.video.video_id, 0, 0, f"{found.video.video_id}: {problem}")
        objects = video.by_object()
        n_silent = (
            len(objects) - len({object_id for object_id, _ in expressions(video)}) if self.form in OF_WORDS else 0
        )
        n_masks = sum(map(len, objects.values()))
        return ExportedMasks(found.video.video_id, len(objects), n_masks, "", n_silent, bool(found.frame_names))

    def join(self) -> None:
        """Make the files about all videos."""
        for path, pieces in MASK_FORMATS[self.form].join(self._entries, self.categories):
            with whole_file(self.target.path / path, is_synced=False) as file:
                file.writelines(pieces)
        self.target.remove(_PARTS)

    def _entries(self) -> Iterator[dict[str, Any]]:
        for part in self.target.parts(_PARTS, "*.json"):
            yield json.loads(part.read_bytes())


def numbered(names: Iterable[str]) -> dict[str, int]:
    """Categories by name, in the order of the alphabet, and the one of objects without a name, from 1.

    >>> numbered({"dog", "cat", ""})
    {'cat': 1, 'dog': 2, 'object': 3}
    """
    named = sorted({*names} - {"", UNNAMED})
    return {name: number for number, name in enumerate([*named, UNNAMED], start=1)}

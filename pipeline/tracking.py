"""Objects on their way through one video: asked for where they are localized, and what is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.frame_store import FrameStore
from pipeline.jobs import VideoJob
from pipeline.loaded_models import LoadedModels
from pipeline.memory import give_back_free_memory
from schemas.frames import Frame
from schemas.groups import casts
from schemas.localizations import Expression, Localization
from schemas.masks import Mask, encode_rle
from schemas.prompts import Prompt
from schemas.rejects import Reject
from schemas.repairs import Repair
from stages.localize.searching import Search, frames_to_search
from stages.propagate.parting import part
from stages.propagate.repairing import Repairer
from stages.propagate.sweep import propagate
from stages.propagate.tracked import Anchor, Tracked
from stages.segment.segmenting import segment_frame


@dataclass(slots=True)
class Track:
    """What comes out of the passes over a video.

    Attributes:
        models: to ask.
        job: the video and its localizations.
        store: where trust maps lie.
        masks: at most one an object and frame.
        rejects: objects that could not be segmented.
        repairs: decisions on masks that were found poor.
        references: object id → the first frame that it was segmented on.
        search: for objects that only words tell of, when there are any.
        placed: where they were found.
        lost: frames that could not be decoded, in ascending ranges.
    """

    models: LoadedModels
    job: VideoJob
    store: FrameStore
    masks: list[Mask] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    references: dict[str, int] = field(default_factory=dict)
    search: Search | None = None
    placed: list[Localization] = field(default_factory=list)
    lost: list[range] = field(default_factory=list)

    def localizations(self) -> list[Localization]:
        """Those that were given, and what was found for those that are mere words."""
        return [loc for loc in self.job.localizations if not isinstance(loc.hint, Expression)] + self.placed

    @property
    def groups(self) -> dict[str, str]:
        """Object id → group, or empty."""
        return {loc.object_id: loc.group for loc in self.job.localizations}

    def run(
        self, frames: Iterable[Frame], n_frames: int, objects: Container[str], spool: Path, cuts: Container[int]
    ) -> Iterator[Tracked]:
        """Carry ``objects`` through all frames.

        Args:
            frames: in decode order.
            n_frames: about how many; 0 when that is not known.
            objects: ids.
            spool: an empty folder for what waits on disk.
            cuts: first frames of new shots; it may grow while the frames come.
        """
        by_frame: dict[int, list[Localization]] = defaultdict(list)
        for localization in self.job.localizations:
            if localization.object_id in objects:
                for frame_idx in frames_to_search(localization, n_frames):
                    by_frame[frame_idx].append(localization)

        def seed(frame: Frame, object_ids: frozenset[str]) -> Mapping[str, Anchor]:
            wanted = [loc for loc in by_frame[frame.idx] if loc.object_id in object_ids]
            placed, beside = self.put_in_place(frame, wanted), self._beside(frame.idx, objects)
            give_back_free_memory()
            found, rejects = segment_frame(self.models.segmenter, frame.image, placed, beside)
            give_back_free_memory()
            self.rejects.extend(rejects)
            for object_id in found:
                self.references.setdefault(object_id, frame.idx)
            return {key: Anchor(s.mask, s.quality, s.source, s.model) for key, s in found.items()}

        anchors = {idx: frozenset(loc.object_id for loc in own) for idx, own in by_frame.items()}
        threads = self.models.config.compute.threads
        return propagate(
            frames,
            anchors,
            seed,
            self.models.propagator,
            groups=self.groups,
            spool=spool,
            lookahead=0 if threads == 1 else threads,
            cuts=cuts,
            repairer=self._repairer(),
        )

    def _repairer(self) -> Repairer | None:
        """For one pass; its decisions come to ours."""
        options, segmenter = self.models.config.repair, self.models.segmenter

        def ask(image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Anchor]:
            give_back_free_memory()
            answers = segmenter.segment(image, prompts)
            give_back_free_memory()
            return [Anchor(answer.mask, answer.quality, "repair", segmenter.name) for answer in answers]

        return Repairer(self.job.video_id, ask, options, self.groups, self.repairs) if options.enabled else None

    def _beside(self, frame_idx: int, objects: Container[str]) -> list[Localization]:
        """What localizes objects of other passes on a frame."""
        others = [loc for loc in self.job.localizations if loc.object_id not in objects]
        return [loc for loc in others if loc.frame_idx == frame_idx and not isinstance(loc.hint, Expression)]

    def put_in_place(self, frame: Frame, wanted: Sequence[Localization]) -> list[Localization]:
        """The localizations of a frame, with places instead of mere words."""
        words = [loc for loc in wanted if isinstance(loc.hint, Expression)]
        if not words:
            return list(wanted)
        self.search = self.search or self.models.search()
        found = self.search.look(frame.image, frame.idx, words)
        self.placed += found
        return [loc for loc in wanted if loc not in words] + found

    def take(self, tracked: Tracked) -> None:
        """Keep a mask and its trust."""
        height, width = tracked.mask.shape
        self.masks.append(
            Mask(
                self.job.video_id, tracked.object_id, tracked.frame_idx, height, width, encode_rle(tracked.mask),
                tracked.source, tracked.model, tracked.quality,
            )
        )  # fmt: skip
        self.store.put_trust(tracked.object_id, tracked.frame_idx, tracked.trust)

    def part(self) -> None:
        """Objects of one group share no pixel, though they were carried in different passes."""
        at: dict[int, dict[str, Mask]] = defaultdict(dict)
        for row in self.masks:
            at[row.frame_idx][row.object_id] = row
        self.masks = [kept for rows in at.values() for kept in self._parted(rows)]

    def _parted(self, rows: Mapping[str, Mask]) -> Iterator[Mask]:
        """The rows of one frame, by object id."""
        for together, settled in casts(rows, self.groups):
            own = [rows[object_id] for object_id in together]
            if len(own) == 1:
                yield own[0]
                continue
            parted = part([row.decode() for row in own], [self._trust(row) for row in own])
            for row, drawn in zip(own, parted, strict=True):
                if row.object_id in settled and drawn.any():
                    yield replace(row, rle=encode_rle(drawn))

    def _trust(self, row: Mask) -> NDArray[np.uint8] | None:
        """A mask's trust map; None for one that was given or asked for."""
        return (
            None if row.source in ("human", "segmenter", "repair") else self.store.trust(row.object_id, row.frame_idx)
        )

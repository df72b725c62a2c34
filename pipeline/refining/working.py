"""One correction round of one video: each correction becomes a mask and is carried to the frames around it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.refining.state import Drawing, VideoState, draw_correction
from pipeline.runs.rounds import VideoRounds, undoing
from schemas.corrections import Correction
from schemas.elements import ObjectFrame
from schemas.frames import Frame
from schemas.localizations import Localization
from schemas.masks import Mask, encode_rle
from stages.backends.propagator import Propagator
from stages.backends.segmenter import Segmenter
from stages.progress import Step, drawn, tell
from stages.refine.ranges import Reach, reach_of
from stages.refine.repropagation import Change, Known, Refined, frames_needed, repropagate
from stages.spool import Spool

Frames = Callable[[Collection[int]], Iterator[Frame]]
"""The frames of some indices, which ascend, exactly as the decoder gives them; without those that are damaged."""


@dataclass(frozen=True, slots=True)
class RoundModels:
    """What a round works with."""

    segmenter: Segmenter
    propagator: Propagator


@dataclass
class Round:
    """The pending corrections of one video, worked on.

    Attributes:
        state: the masks as they are, changed on the way.
        rounds: what there is.
        localized: object id → frames of its hints.
        localizations: of all objects.
        models: the run's.
        frames: the video's.
        scratch: for what waits on disk.
        changes: what came of it, by object and frame; None where there is no mask any more.
    """

    state: VideoState
    rounds: VideoRounds
    localizations: Sequence[Localization]
    models: RoundModels
    frames: Frames
    scratch: Path
    changes: dict[ObjectFrame, Mask | None] = field(default_factory=dict)

    def work(self) -> None:
        """Do all corrections of the next round, object by object, frame by frame."""
        mine = [one for one in self.rounds.pending if one.round == self.rounds.number + 1]
        pending = sorted(mine, key=lambda one: (one.object_id, one.frame_idx))
        for done, one in enumerate(pending):
            if one.kind in ("undo", "delete"):
                self.changes |= sweeping_changes(self.rounds, one)
                continue
            annotated = self._annotated(one.object_id, pending)
            reach = reach_of(one.frame_idx, annotated, self.state.video.n_frames, self.state.video.cuts)
            self._correct(one, reach, partial(self._tell, pending, done))

    def _annotated(self, object_id: str, pending: Sequence[Correction]) -> set[int]:
        localized = {loc.frame_idx for loc in self.localizations if loc.object_id == object_id}
        return self.rounds.annotated(object_id, localized) | {c.frame_idx for c in pending if c.object_id == object_id}

    def _correct(self, one: Correction, reach: Reach, tell_share: Callable[[float], None]) -> None:
        at = one.frame_idx
        image = next(self.frames(range(at, at + 1))).image
        here = [loc for loc in self.localizations if loc.frame_idx == at]
        before = self.state.drawing(one.object_id, at)
        after, quality = draw_correction(self.state, self.models.segmenter, image, one, here)
        self._put(one.object_id, at, after, quality, self._source(one))
        if one.kind == "lock":
            return
        change = Change(reach, before, after)
        needed = frames_needed(reach)
        with TemporaryDirectory(dir=self.scratch, prefix="round-") as folder:
            spool = Spool(Path(folder) / "spool")
            known = self._known(one.object_id, reach)
            found = repropagate(self.frames(needed), change, known, self.models.propagator, spool)
            for number, refined in enumerate(found):
                self._take(one.object_id, refined)
                tell_share((number + 1) / max(1, len(reach.frames)))

    def _source(self, one: Correction) -> tuple[str, str]:
        return ("segmenter", self.models.segmenter.name) if one.kind == "add" else ("human", "")

    def _known(self, object_id: str, reach: Reach) -> Known:
        def old(frame_idx: int) -> tuple[Drawing, float] | None:
            mask = self.state.masks.get((object_id, frame_idx))
            return None if mask is None else (mask.decode(), mask.quality)

        bounds = [idx for idx in (reach.before, reach.behind) if idx is not None]
        anchors = {idx: self.state.drawing(object_id, idx) for idx in bounds}
        return Known(old, lambda frame_idx: self.state.taken(object_id, frame_idx), anchors)

    def _take(self, object_id: str, refined: Refined) -> None:
        source = ("propagator", self.models.propagator.name)
        self._put(object_id, refined.frame_idx, refined.mask, refined.quality, source)

    def _put(self, object_id: str, frame_idx: int, drawing: Drawing, quality: float, source: tuple[str, str]) -> None:
        key = (object_id, frame_idx)
        if not drawing.any():
            self.state.masks.pop(key, None)
            self.changes[key] = None
            return
        video, rle = self.state.video, encode_rle(drawing)
        number = self.rounds.number + 1
        mask = Mask(video.video_id, *key, video.height, video.width, rle, *source, quality, number)
        self.state.masks[key] = self.changes[key] = mask
        drawn(mask)

    def _tell(self, pending: Sequence[Correction], done: int, share: float) -> None:
        one = pending[done]
        text = f"correction {done + 1} of {len(pending)}: object {one.object_id}, frame {one.frame_idx}"
        tell(Step(text, (done + share) / len(pending)))


def sweeping_changes(rounds: VideoRounds, one: Correction) -> dict[ObjectFrame, Mask | None]:
    """What an ``undo`` or a ``delete`` changes; no model is asked."""
    if one.kind == "undo":
        return undoing(rounds, one.to_round)
    return {(mask.object_id, mask.frame_idx): None for mask in rounds.masks if mask.object_id == one.object_id}

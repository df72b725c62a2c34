"""One correction round of one video: each correction becomes a mask and is carried to the frames around it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pipeline.config import Models
from pipeline.refining.hints import VideoHints
from pipeline.refining.point_classifiers import PointClassifiers
from pipeline.refining.state import Drawing, VideoState, draw_correction
from pipeline.runs.rounds import VideoRounds, undoing
from schemas.corrections import Correction
from schemas.elements import ObjectFrame
from schemas.frames import Frame
from schemas.masks import Mask, encode_rle
from stages.backends.describer import Describer, load_describer
from stages.backends.propagator import Propagator
from stages.backends.propagators import load_propagator
from stages.backends.segmenter import Segmenter
from stages.backends.segmenters import load_segmenter
from stages.progress import Step, drawn, tell
from stages.refine.constraints import is_verified
from stages.refine.ranges import Reach, reach_of
from stages.refine.repropagation import Change, KnownFrames, Refined, frames_needed, repropagate
from stages.spool import Spool

Frames = Callable[[Collection[int]], Iterator[Frame]]
"""The frames of some indices, which ascend, exactly as the decoder gives them; without those that are damaged."""


@dataclass(frozen=True, slots=True)
class RoundModels:
    """What a round works with.

    Attributes:
        segmenter: the run's.
        propagator: the run's.
        describer: loads what describes frames; called where there are verified points to learn from.
    """

    segmenter: Segmenter
    propagator: Propagator
    describer: Callable[[], Describer] = load_describer


def load_round_models(models: Models, device: str, threads: int = 1) -> RoundModels:
    """The models of a run, loaded."""
    return RoundModels(
        load_segmenter(models.segmenter, device, threads),
        load_propagator(models.propagator, device, threads, models.limits),
        partial(load_describer, device),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """A correction on its own frame: the mask that was there, the one it asks for, and the trust in that."""

    one: Correction
    before: Drawing
    asked: Drawing
    quality: float


@dataclass
class Round:
    """The pending corrections of one video, worked on.

    First all corrected frames get their masks, then each change is carried to the frames around.

    Attributes:
        state: the masks as they are, changed on the way.
        rounds: what there is.
        hints: of the video.
        models: the run's.
        frames: the video's.
        scratch: for what waits on disk.
        changes: its result, by object and frame; None where there is no mask any more.
    """

    state: VideoState
    rounds: VideoRounds
    hints: VideoHints
    models: RoundModels
    frames: Frames
    scratch: Path
    changes: dict[ObjectFrame, Mask | None] = field(default_factory=dict)

    def work(self) -> None:
        """Do all corrections of the next round.

        Raises:
            ValueError: nothing comes of a correction; the message says why.
        """
        pending = [one for one in self.rounds.pending if one.round == self.rounds.number + 1]
        for one in pending:
            if one.kind in ("undo", "delete"):
                self.changes |= changes_without_model(self.rounds, one)
        own = [one for one in pending if one.kind not in ("undo", "delete")]
        annotated = {one.object_id: self._annotated(one.object_id, own) for one in own}
        drawn = sorted(self._draw(own), key=lambda found: (found.one.object_id, found.one.frame_idx))
        for done, found in enumerate(drawn):
            at, video = found.one.frame_idx, self.state.video
            reach = reach_of(at, annotated[found.one.object_id], video.n_frames, video.cuts)
            self._carry(found, reach, partial(self._report_progress, drawn, done))

    def _annotated(self, object_id: str, pending: Sequence[Correction]) -> set[int]:
        """Frames of an object that are not overwritten."""
        state, known = self.state, self.state.verified
        verified = {
            key[1]
            for key, points in known.points.items()
            if key[0] == object_id and is_verified(points, known.in_doubt.get(key, ()), state.drawing(*key))
        }
        said = self.rounds.annotated(object_id, self.hints.localized.get(object_id, ()))
        return said | verified | {c.frame_idx for c in pending if c.object_id == object_id}

    def _draw(self, pending: Sequence[Correction]) -> list[_Drawn]:
        """The masks of all corrected frames, whose pixels each object takes once its rivals there are corrected."""
        at: dict[int, list[Correction]] = defaultdict(list)
        for one in pending:
            at[one.frame_idx].append(one)
        found: list[_Drawn] = []
        unclicked = {one.object_id for one in pending if self._is_unclicked(one)}
        classifiers = PointClassifiers.learned(self.state, unclicked, self.frames, self.models.describer)
        for frame in self.frames(sorted(at)):
            here = [
                self._drawn(frame, one, classifiers) for one in sorted(at.pop(frame.idx), key=lambda one: one.object_id)
            ]
            for drawing in (*here, *here):  # again, now that all others have given up what is not theirs
                self._settle(drawing)
            found += here
        if at:
            raise ValueError(f"frame {min(at)} of {self.state.video.uri} cannot be decoded, so it cannot be corrected")
        return found

    def _is_unclicked(self, one: Correction) -> bool:
        """Whether it says no more than the verified points do: there, what they look like elsewhere counts too."""
        known = set(self.state.known_points(one.object_id, one.frame_idx))
        return one.kind == "clicks" and known.issuperset(zip(one.x, one.y, one.label, strict=True))

    def _drawn(self, frame: Frame, one: Correction, classifiers: PointClassifiers) -> _Drawn:
        before = self.state.drawing(one.object_id, one.frame_idx)
        hints = self.hints.on(one.frame_idx)
        likelihood = classifiers.likelihood(one.object_id, frame.image) if self._is_unclicked(one) else None
        asked = draw_correction(self.state, self.models.segmenter, frame.image, one, hints, likelihood)
        return _Drawn(one, before, *asked)

    def _settle(self, found: _Drawn) -> None:
        one = found.one
        free = found.asked if one.kind == "lock" else self.state.free(one.object_id, one.frame_idx, found.asked)
        self._put(one.object_id, one.frame_idx, free, found.quality, self._source(one))

    def _carry(self, found: _Drawn, reach: Reach, tell_share: Callable[[float], None]) -> None:
        object_id = found.one.object_id
        after = self.state.drawing(object_id, found.one.frame_idx)
        if np.array_equal(found.before, after):
            return
        with TemporaryDirectory(dir=self.scratch, prefix="round-") as folder:
            spool = Spool(Path(folder) / "spool")
            known, change = self._known(object_id, reach), Change(reach, found.before, after)
            frames = self.frames(frames_needed(reach))
            for number, refined in enumerate(repropagate(frames, change, known, self.models.propagator, spool)):
                self._take(object_id, refined)
                tell_share((number + 1) / max(1, len(reach.frames)))

    def _source(self, one: Correction) -> tuple[str, str]:
        return ("segmenter", self.models.segmenter.name) if one.kind == "add" else ("human", "")

    def _known(self, object_id: str, reach: Reach) -> KnownFrames:
        def old(frame_idx: int) -> tuple[Drawing, float] | None:
            mask = self.state.masks.get((object_id, frame_idx))
            return None if mask is None else (mask.decode(), mask.quality)

        bounds = [idx for idx in (reach.before, reach.behind, *reach.beyond) if idx is not None]
        anchors = {idx: self.state.drawing(object_id, idx) for idx in bounds}
        return KnownFrames(old, lambda frame_idx: self.state.taken(object_id, frame_idx), anchors)

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

    def _report_progress(self, drawn_: Sequence[_Drawn], done: int, share: float) -> None:
        one = drawn_[done].one
        text = f"correction {done + 1} of {len(drawn_)}: object {one.object_id}, frame {one.frame_idx}"
        tell(Step(text, (done + share) / len(drawn_)))


def changes_without_model(rounds: VideoRounds, one: Correction) -> dict[ObjectFrame, Mask | None]:
    """What an ``undo`` or a ``delete`` changes; no model is asked."""
    if one.kind == "undo":
        return undoing(rounds, one.to_round)
    return {(mask.object_id, mask.frame_idx): None for mask in rounds.masks if mask.object_id == one.object_id}

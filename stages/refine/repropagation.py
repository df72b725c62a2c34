"""A correction carried to the frames around it, and fused with what was there: one object, between its bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.frames import Frame
from stages.backends.propagator import Encoding, Estimate, PropagationSession, Propagator
from stages.refine.fusion import Map, fuse, share_of, without
from stages.refine.ranges import Reach
from stages.resize import resize
from stages.spool import Spool

Mask = NDArray[np.bool_]
_OBJECT, _ADDED, _REMOVED = "object", "added", "removed"
_NEAR = 8
"""Within so many frames of the corrected one, the propagator has not lost a part of the object yet."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What a person changed.

    Attributes:
        reach: the frames that may change.
        before: (H, W) bool, the mask that was there; empty where there was none.
        after: (H, W) bool, the corrected mask; empty when the object is absent.
    """

    reach: Reach
    before: Mask
    after: Mask

    def starts(self) -> dict[str, Mask]:
        """What is followed through the video: the object itself, and what the correction added and removed."""
        parts = {_OBJECT: self.after, _ADDED: self.after & ~self.before, _REMOVED: self.before & ~self.after}
        return {name: mask for name, mask in parts.items() if mask.any()}


@dataclass(frozen=True, slots=True, eq=False)
class KnownFrames:
    """What is known of the frames, by frame index.

    Attributes:
        old: the object's mask and its quality as they were; None where it had none.
        taken: (H, W) bool, pixels of other objects that exclude this one; None without any.
        anchors: (H, W) bool masks of annotated frames that bound the reach or lie beyond; the model remembers them.
    """

    old: Callable[[int], tuple[Mask, float] | None]
    taken: Callable[[int], Mask | None]
    anchors: Mapping[int, Mask]


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """The object on one frame after a correction.

    Attributes:
        frame_idx: 0-based decode index.
        mask: (H, W) bool; empty where the object is absent now.
        trust: (h, w) uint8 at the propagator's working size: 255 surely the object, 0 surely not.
        quality: trust in the whole mask, in [0, 1].
    """

    frame_idx: int
    mask: Mask
    trust: NDArray[np.uint8]
    quality: float


def frames_needed(reach: Reach) -> list[int]:
    """The frames that :func:`repropagate` is to be given, in order: its reach and the annotated ones around."""
    bounds = {idx for idx in (reach.before, reach.behind) if idx is not None}
    return sorted({*reach.frames, *bounds, *reach.beyond})


def repropagate(
    frames: Iterable[Frame], change: Change, known: KnownFrames, propagator: Propagator, spool: Spool
) -> Iterator[Refined]:
    """Carry a correction to the other frames of its reach; first those behind it, then those before it, backwards.

    Nothing outside of the reach comes out, nor does the corrected frame itself, whose mask stands.

    Args:
        frames: those of :func:`frames_needed` in order; frames that could not be decoded are missing.
        change: the correction.
        known: what was there.
        propagator: the run's.
        spool: for encodings that wait for the way back; emptied in the end.
    """
    if not change.starts():
        return  # no mask before and none now
    run = _Run(change, known, propagator, spool)
    try:
        yield from run.forward(frames)
        yield from run.back()
    finally:
        spool.clear()


class _Run:
    """One correction on its way."""

    def __init__(self, change: Change, known: KnownFrames, propagator: Propagator, spool: Spool) -> None:
        self._change, self._known, self._propagator, self._spool = change, known, propagator, spool
        self._waiting: list[int] = []
        self._here: Encoding = None
        self._bounds: dict[int, Encoding] = {}

    def forward(self, frames: Iterable[Frame]) -> Iterator[Refined]:
        """To the frames behind the corrected one; encodings of those before it are kept.

        Where an older annotation bounds the reach from above, frames wait for it: it is remembered from the start.
        """
        reach, session = self._change.reach, None
        for frame in frames:
            encoding = self._propagator.encode(frame.image)
            if frame.idx in (reach.before, reach.behind, *reach.beyond):
                self._bounds[frame.idx] = encoding
            elif frame.idx == reach.frame_idx:
                self._here = encoding
            elif frame.idx < reach.frame_idx or reach.behind is not None:
                self._spool.put(f"encoding-{frame.idx}", self._propagator.pack(encoding))
                self._waiting.append(frame.idx)
            elif self._here is not None:
                session = session or self._opened(reach.behind, reach.before)
                yield self._refined(frame.idx, session.step(encoding))
        behind = [idx for idx in self._waiting if idx > reach.frame_idx]
        yield from self._carried(behind, reach.behind, reach.before)

    def back(self) -> Iterator[Refined]:
        """To the frames before the corrected one, the last first."""
        reach = self._change.reach
        before = [idx for idx in reversed(self._waiting) if idx < reach.frame_idx]
        yield from self._carried(before, reach.before, reach.behind)

    def _carried(self, waiting: Sequence[int], towards: int | None, other: int | None) -> Iterator[Refined]:
        """To frames that wait, in this order."""
        if not waiting or self._here is None:
            return
        session = self._opened(towards, other)
        for frame_idx in waiting:
            encoding = self._propagator.unpack(self._spool.take(f"encoding-{frame_idx}"))
            yield self._refined(frame_idx, session.step(encoding))

    def _opened(self, towards: int | None, other: int | None) -> PropagationSession:
        """A session that stands on the corrected frame and remembers the older annotations around.

        Args:
            towards: the one that it goes to. Without one nothing is fused, so the change itself need not be followed.
            other: the one on the other side.
        """
        height, width = self._change.after.shape
        session, starts = self._propagator.open(height, width), self._change.starts()
        if towards is None and _OBJECT in starts:
            starts = {_OBJECT: starts[_OBJECT]}
        is_live = False
        for bound in (*self._change.reach.beyond, towards, other):
            anchor = self._known.anchors.get(bound) if bound is not None else None
            if anchor is not None and bound in self._bounds and anchor.any() and _OBJECT in starts:
                if is_live:
                    session.step(self._bounds[bound])
                session.start(self._bounds[bound], {_OBJECT: anchor})
                is_live = True
        if is_live:
            session.step(self._here)
        if starts:
            session.start(self._here, starts)
        return session

    def _refined(self, frame_idx: int, estimates: Mapping[str, Estimate]) -> Refined:
        old = self._known.old(frame_idx)
        size = _size(estimates, self._change.after.shape)
        was = _map(None if old is None else old[0], size)
        parts = {name: _probability(estimates, name, size) for name in (_OBJECT, _ADDED, _REMOVED)}
        if not self._change.after.any():
            fused, share, new_quality = without(was, parts[_REMOVED]), 0.0, 0.0
        else:
            new_quality = estimates[_OBJECT].quality
            share = share_of(self._change.reach.nearness(frame_idx), new_quality, old[1] if old else 0.0)
            is_near = abs(frame_idx - self._change.reach.frame_idx) <= _NEAR
            fused = fuse(parts[_OBJECT], was, share, parts[_ADDED] + parts[_REMOVED], is_near)
        mask = resize(fused, self._change.after.shape) > 0.5
        taken = self._known.taken(frame_idx)
        quality = share * new_quality + (1 - share) * (old[1] if old else new_quality)
        trust = np.rint(255 * np.clip(fused, 0, 1)).astype(np.uint8)
        return Refined(frame_idx, mask if taken is None else mask & ~taken, trust, float(np.clip(quality, 0, 1)))


def _size(estimates: Mapping[str, Estimate], shape: tuple[int, ...]) -> tuple[int, int]:
    found: tuple[Any, ...] = next((one.probability.shape for one in estimates.values()), shape)
    return found[0], found[1]


def _probability(estimates: Mapping[str, Estimate], name: str, size: tuple[int, int]) -> Map:
    if name not in estimates:
        return np.zeros(size, dtype=np.float32)
    found = estimates[name].probability
    return np.asarray(found / np.float32(255 if found.dtype == np.uint8 else 1), dtype=np.float32)


def _map(mask: Mask | None, size: tuple[int, int]) -> Map:
    if mask is None:
        return np.zeros(size, dtype=np.float32)
    found: Map = resize(mask.astype(np.float32), size)
    return found

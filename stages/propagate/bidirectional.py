"""One video, all its objects: forward once in decode order, back once over what was kept, nothing decoded twice.

The way forward steps every frame and starts or corrects objects on frames that carry localizations. Frames before the
last such frame wait in a spool, with their forward beliefs, for the way back, which steps them again from the other
side; there both beliefs are merged. Memory does not grow with the video.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from schemas.frames import Frame
from stages.backends.propagator import Encoding, Propagator
from stages.propagate.frame_window import Nearby, nearby
from stages.propagate.fusion import merge
from stages.propagate.motion import STILL, Movement
from stages.propagate.one_way import Direction
from stages.propagate.prefetch import look_ahead, work_ahead
from stages.propagate.probability_maps import Belief, pack, unpack
from stages.propagate.quality import rated
from stages.propagate.repair import REACH, Repairer
from stages.propagate.soft_aggregation import Composer
from stages.propagate.spool import Spool
from stages.propagate.tracked import Anchor, KeptAnchor, Tracked

Seed = Callable[[Frame, frozenset[str]], Mapping[str, Anchor]]
"""Masks for the objects that are localized on a frame; an object that it leaves out is not anchored there."""


def propagate(
    frames: Iterable[Frame],
    anchors: Mapping[int, frozenset[str]],
    seed: Seed,
    propagator: Propagator,
    *,
    groups: Mapping[str, str],
    spool: Path,
    lookahead: int = 1,
    cuts: Container[int] = frozenset(),
    repairer: Repairer | None = None,
) -> Sweep:
    """Carry the objects of a video through all its frames.

    Args:
        frames: in decode order, each of one size.
        anchors: frame index → ids of the objects that are localized there.
        seed: called once for every frame in ``anchors``, in order, in the thread that iterates the result.
        propagator: the model.
        groups: object id → group; objects of one non-empty group share no pixel.
        spool: a folder for what waits on disk; it is made when it is needed, and its files are deleted.
        cuts: first frames of new shots; masks never cross one, an object goes on only from an anchor beyond it. It may
            grow while the frames come: a frame is looked up when it is there.
        lookahead: how many frames are decoded ahead in a thread, and encoded ahead in as many threads; 0 for none. It
            changes no result.
        repairer: asks again for poor masks on the way forward; what it accepts is an anchor like any other. None for
            no repairs.

    Returns:
        An iterator over the tracked objects; frames come in no particular order, objects of a frame together. Its
        ``unreached`` names, in the end, the frames of ``anchors`` that the video does not have.
    """
    return Sweep(_Plan(anchors, seed, propagator, groups, Spool(spool), lookahead, cuts, repairer), frames)


class Sweep(Iterator[Tracked]):
    """The result of :func:`propagate` on its way."""

    def __init__(self, plan: _Plan, frames: Iterable[Frame]) -> None:
        self._run = _Run(plan)
        self._tracked = self._run.over(frames)

    def __next__(self) -> Tracked:
        return next(self._tracked)

    def close(self) -> None:
        """Stop early: the thread ends, the frames are closed, the spool is emptied."""
        self._tracked.close()

    @property
    def unreached(self) -> tuple[int, ...]:
        """Frames with localizations that have not come yet; final when the iterator is exhausted."""
        return tuple(sorted(self._run.pending))


@dataclass(frozen=True, slots=True)
class _Plan:
    anchors: Mapping[int, frozenset[str]]
    seed: Seed
    propagator: Propagator
    groups: Mapping[str, str]
    spool: Spool
    lookahead: int
    cuts: Container[int]
    repairer: Repairer | None


class _Run:
    """The state of one sweep: what is localized but not reached, what was anchored, which frames wait."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._last = max(plan.anchors, default=-1)
        self.pending = set(plan.anchors)
        self._forward = Direction(plan.propagator)
        self._composer: Composer | None = None
        self._waiting: list[int] = []
        self._anchored: dict[int, dict[str, KeptAnchor]] = {}

    def over(self, frames: Iterable[Frame]) -> Generator[Tracked, None, None]:
        """Everything, in the order in which it becomes final."""
        try:
            yield from self._go_forward(frames)
            yield from self._go_back()
        finally:
            self._plan.spool.clear()

    def _go_forward(self, frames: Iterable[Frame]) -> Iterator[Tracked]:
        depth = self._plan.lookahead
        with (
            closing(look_ahead(_closed_with(frames), depth)) as decoded,
            closing(work_ahead(nearby(decoded, self._reach, self._plan.cuts), self._look, depth)) as stream,
        ):
            for here, (encoding, moved) in stream:
                frame = here.frame
                movement = STILL if frame.idx in self._plan.cuts else moved
                if frame.idx in self._plan.cuts:
                    self._forward.cut()
                beliefs = self._forward.step(encoding)
                composer = self._composer = self._composer or self._composer_of(frame)
                anchors = self._seeded(frame)
                rows = composer.compose(frame.idx, beliefs, anchors)
                repaired = self._repaired(here, rows, movement)
                if repaired:
                    anchors |= repaired
                    rows = composer.compose(frame.idx, beliefs, anchors)
                self._keep(frame.idx, anchors)
                self._forward.start(frame.idx, encoding, anchors)
                if frame.idx >= self._last:
                    yield from rated(rows, movement)
                if frame.idx < self._last or (frame.idx == self._last and self._waiting):
                    self._wait(frame.idx, encoding, beliefs, movement)

    @property
    def _reach(self) -> int:
        return REACH if self._plan.repairer and self._plan.anchors else 0

    def _look(self, here: Nearby) -> tuple[Encoding, Movement]:
        """The encoding of a frame and what moved since the one before; without any localization neither is needed."""
        if not self._plan.anchors:
            return None, STILL
        movement = STILL if here.earlier is None else Movement.between(here.earlier, here.grey)
        return self._plan.propagator.encode(here.frame.image), movement

    def _composer_of(self, frame: Frame) -> Composer:
        height, width = frame.image.shape[:2]
        return Composer(height, width, self._plan.groups, self._plan.propagator.name)

    def _seeded(self, frame: Frame) -> dict[str, Anchor]:
        """The anchors of a frame."""
        if frame.idx not in self.pending:
            return {}
        self.pending.remove(frame.idx)
        return dict(self._plan.seed(frame, self._plan.anchors[frame.idx]))

    def _repaired(self, here: Nearby, rows: Sequence[Tracked], movement: Movement) -> dict[str, Anchor]:
        """Better masks for some of ``rows``."""
        return self._plan.repairer.repair(here, rows, movement) if self._plan.repairer else {}

    def _keep(self, frame_idx: int, anchors: Mapping[str, Anchor]) -> None:
        """Remember anchors that the way back will need."""
        if anchors and self._last > 0 and frame_idx <= self._last:
            self._anchored[frame_idx] = {object_id: KeptAnchor.of(anchor) for object_id, anchor in anchors.items()}

    def _wait(self, frame_idx: int, encoding: Encoding, beliefs: Mapping[str, Belief], movement: Movement) -> None:
        self._waiting.append(frame_idx)
        self._plan.spool.put(f"encoding-{frame_idx}", self._plan.propagator.pack(encoding))
        self._plan.spool.put(f"beliefs-{frame_idx}", pack(beliefs))
        self._plan.spool.put(f"movement-{frame_idx}", {"moving": movement.moving})

    def _go_back(self) -> Iterator[Tracked]:
        if self._composer is None:
            return
        backward = Direction(self._plan.propagator)
        later = -1
        with closing(look_ahead(self._returning(), self._plan.lookahead)) as stream:
            for frame_idx, encoding, beliefs, movement in stream:
                if later in self._plan.cuts:
                    backward.cut()
                later = frame_idx
                behind = backward.step(encoding)
                kept = self._anchored.get(frame_idx, {})
                anchors = {object_id: anchor.restored() for object_id, anchor in kept.items()}
                backward.start(frame_idx, encoding, anchors)
                if frame_idx < self._last:
                    merged = self._merged(frame_idx, beliefs, behind, backward)
                    yield from rated(self._composer.compose(frame_idx, merged, anchors), movement)

    def _returning(self) -> Generator[tuple[int, Encoding, dict[str, Belief], Movement], None, None]:
        """The frames that wait, last one first; those behind the last anchor need no encoding any more.

        Nobody else reads from the spool meanwhile (see there).
        """
        turn = max((idx for idx, anchors in self._anchored.items() if anchors), default=-1)
        for frame_idx in reversed(self._waiting):
            arrays = self._plan.spool.take(f"encoding-{frame_idx}") if frame_idx <= turn else None
            encoding = self._plan.propagator.unpack(arrays) if arrays else None
            beliefs = unpack(self._plan.spool.take(f"beliefs-{frame_idx}"))
            yield frame_idx, encoding, beliefs, Movement(**self._plan.spool.take(f"movement-{frame_idx}"))

    def _merged(
        self, frame_idx: int, ahead: Mapping[str, Belief], behind: Mapping[str, Belief], backward: Direction
    ) -> dict[str, Belief]:
        merged = {**ahead, **behind}
        for object_id in ahead.keys() & behind.keys():
            before, after = self._forward.at_or_before(object_id, frame_idx), backward.latest(object_id)
            if before < after:  # else it is anchored on this very frame, and the anchor's mask stands
                nearness = (after - frame_idx) / (after - before)
                merged[object_id] = merge(ahead[object_id], behind[object_id], nearness)
        return merged


def _closed_with(frames: Iterable[Frame]) -> Generator[Frame, None, None]:
    """The frames; their own generator is closed with this one."""
    try:
        yield from frames
    finally:
        if isinstance(frames, Generator):
            frames.close()

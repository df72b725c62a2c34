"""One video, all its objects: forward once in decode order, back once over what was kept, nothing decoded twice.

The way forward steps every frame and starts or corrects objects on frames that have seeds. Frames before the last such
frame wait in a spool, with their forward probability maps, for the way back, which steps them again from the other
side; there both maps are fused. Memory does not grow with the video.
"""

from __future__ import annotations

from collections.abc import Container, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from schemas.frames import Frame
from schemas.masks import Mask
from schemas.object_masks import ObjectMask
from stages import progress
from stages.backends.propagator import Encoding, Propagator
from stages.propagate.frame_window import FrameWindow, frame_windows
from stages.propagate.fusion import fuse
from stages.propagate.motion import STILL, Motion
from stages.propagate.one_way import Direction
from stages.propagate.prefetch import prefetched, prefetched_results
from stages.propagate.probability_maps import ProbabilityMap, pack, unpack
from stages.propagate.quality import with_motion_quality
from stages.propagate.repair import REACH, Repairer
from stages.propagate.soft_aggregation import SoftAggregation
from stages.spool import Spool


@dataclass(frozen=True, slots=True)
class Task:
    """What is carried through a video, and with what.

    Attributes:
        video_id: of the video.
        seeds: masks that are taken as given, by frame, at most one an object; an empty one says that the object is
            absent. Propagation starts from them and never overwrites them.
        groups: object id → group; objects of one non-empty group share no pixel.
        propagator: the model.
        spool: a folder for what waits on disk; it is made when it is needed, and its files are deleted.
        cuts: first frames of new shots; masks never cross one, an object goes on only from a seed beyond it. It may
            grow while the frames come: a frame is looked up when it is there.
        prefetch: how many frames are decoded ahead in a thread, and encoded ahead in as many threads; 0 for none. It
            changes no result.
        repairer: re-segments low-quality masks on the way forward; what it accepts is a seed like any other. None for
            no repairs.
    """

    video_id: str
    seeds: Mapping[int, Sequence[Mask]]
    groups: Mapping[str, str]
    propagator: Propagator
    spool: Path
    cuts: Container[int] = frozenset()
    prefetch: int = 1
    repairer: Repairer | None = None


def propagate(frames: Iterable[Frame], task: Task) -> Generator[ObjectMask, None, None]:
    """Carry the objects of a video through all its frames, in decode order and each of one size.

    Yields masks as they become final, none of them empty: frames come in no particular order, objects of a frame
    together. When the generator is closed early, its threads end, the frames are closed, the spool is emptied.
    """
    run = _Run(task)
    try:
        yield from run.forward(frames)
        yield from run.back()
    finally:
        run.spool.clear()


class _Run:
    """The state of one task: what was anchored, which frames wait."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._last = max(task.seeds, default=-1)
        self.spool = Spool(task.spool)
        self._forward = Direction(task.propagator)
        self._aggregation: SoftAggregation | None = None
        self._waiting: list[int] = []
        self._anchored: dict[int, list[Mask]] = {}

    def forward(self, frames: Iterable[Frame]) -> Iterator[ObjectMask]:
        """The way forward; masks of frames before the last seed wait for the way back."""
        task, depth, motion = self._task, self._task.prefetch, STILL
        with (
            closing(prefetched(_closed_with(frames), depth)) as decoded,
            closing(prefetched_results(frame_windows(decoded, self._reach, task.cuts), self._encode, depth)) as stream,
        ):
            for here, (encoding, moved) in stream:
                frame = here.frame
                motion = STILL if frame.idx in task.cuts else moved or motion
                if frame.idx in task.cuts:
                    self._forward.cut()
                maps = self._forward.step(encoding)
                aggregation = self._aggregation = self._aggregation or self._aggregation_of(frame)
                anchors = {seed.object_id: ObjectMask.of(seed) for seed in task.seeds.get(frame.idx, ())}
                rows = aggregation.aggregate(frame.idx, maps, anchors)
                rated = with_motion_quality(rows, motion)
                repaired = task.repairer.repair(here, rows, rated) if task.repairer else {}
                if repaired:
                    anchors |= repaired
                    rated = with_motion_quality(aggregation.aggregate(frame.idx, maps, anchors), motion)
                self._keep(frame.idx, anchors)
                self._forward.start(frame.idx, encoding, anchors)
                if frame.idx >= self._last:
                    yield from rated
                else:
                    progress.preview(rated)
                if frame.idx < self._last or (frame.idx == self._last and self._waiting):
                    self._wait(frame.idx, encoding, maps, motion)

    @property
    def _reach(self) -> int:
        return REACH if self._task.repairer and self._task.seeds else 0

    def _encode(self, here: FrameWindow) -> tuple[Encoding, Motion | None]:
        """The encoding of a frame and what moved since the one before, where it is measured; neither without seeds."""
        if not self._task.seeds:
            return None, None
        motion = None if here.earlier is None else Motion.between(here.earlier.grey, here.small.grey)
        return self._task.propagator.encode(here.frame.image), motion

    def _aggregation_of(self, frame: Frame) -> SoftAggregation:
        height, width = frame.image.shape[:2]
        return SoftAggregation(self._task.video_id, height, width, self._task.groups, self._task.propagator.name)

    def _keep(self, frame_idx: int, anchors: Mapping[str, ObjectMask]) -> None:
        """Remember anchors that the way back will need."""
        if anchors and self._last > 0 and frame_idx <= self._last:
            self._anchored[frame_idx] = [anchor.row() for anchor in anchors.values()]

    def _wait(self, frame_idx: int, encoding: Encoding, maps: Mapping[str, ProbabilityMap], motion: Motion) -> None:
        self._waiting.append(frame_idx)
        self.spool.put(f"encoding-{frame_idx}", self._task.propagator.pack(encoding))
        self.spool.put(f"maps-{frame_idx}", pack(maps))
        self.spool.put(f"motion-{frame_idx}", {"moving": motion.moving})

    def back(self) -> Iterator[ObjectMask]:
        """The way back over the frames that wait."""
        if self._aggregation is None:
            return
        backward = Direction(self._task.propagator)
        later = -1
        with closing(prefetched(self._returning(), self._task.prefetch)) as stream:
            for frame_idx, encoding, maps, motion in stream:
                if later in self._task.cuts:
                    backward.cut()
                later = frame_idx
                behind = backward.step(encoding)
                anchors = {kept.object_id: ObjectMask.of(kept) for kept in self._anchored.get(frame_idx, ())}
                backward.start(frame_idx, encoding, anchors)
                if frame_idx < self._last:
                    fused = self._fused(frame_idx, maps, behind, backward)
                    yield from with_motion_quality(self._aggregation.aggregate(frame_idx, fused, anchors), motion)

    def _returning(self) -> Generator[tuple[int, Encoding, dict[str, ProbabilityMap], Motion], None, None]:
        """The frames that wait, last one first; those behind the last anchor need no encoding any more.

        Nobody else reads from the spool meanwhile (see there).
        """
        turn = max(self._anchored, default=-1)
        for frame_idx in reversed(self._waiting):
            arrays = self.spool.take(f"encoding-{frame_idx}") if frame_idx <= turn else None
            encoding = self._task.propagator.unpack(arrays) if arrays else None
            maps = unpack(self.spool.take(f"maps-{frame_idx}"))
            yield frame_idx, encoding, maps, Motion(**self.spool.take(f"motion-{frame_idx}"))

    def _fused(
        self,
        frame_idx: int,
        ahead: Mapping[str, ProbabilityMap],
        behind: Mapping[str, ProbabilityMap],
        backward: Direction,
    ) -> dict[str, ProbabilityMap]:
        fused = {**ahead, **behind}
        for object_id in ahead.keys() & behind.keys():
            before, after = self._forward.at_or_before(object_id, frame_idx), backward.latest(object_id)
            if before < after:  # else it is anchored on this very frame, and the anchor's mask stands
                nearness = (after - frame_idx) / (after - before)
                fused[object_id] = fuse(ahead[object_id], behind[object_id], nearness)
        return fused


def _closed_with(frames: Iterable[Frame]) -> Generator[Frame, None, None]:
    """The frames; their own generator is closed with this one."""
    try:
        yield from frames
    finally:
        if isinstance(frames, Generator):
            frames.close()

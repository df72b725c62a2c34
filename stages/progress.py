"""How far a video is, told by the stages while they work on it; shared ground.

A stage does not know who listens. Where nobody does, as in the workers of a cluster, telling costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from schemas.elements import ObjectBatch
from schemas.frames import Frame
from schemas.masks import Mask
from schemas.object_masks import ObjectMask
from schemas.wording import many

SEGMENT_FRAMES = 8
"""Segmenting a localized frame takes about as long as propagating to so many frames."""
_EVERY_S = 0.5
_NAMES = 3


@dataclass(frozen=True, slots=True)
class Step:
    """Where the work on a job is.

    Attributes:
        text: for people, such as ``segmenting woman, 2 of 2``.
        share: of the whole job, a video or one batch of its objects, that is done, in [0, 1].
    """

    text: str
    share: float


Listener = Callable[[Step], None]
_listeners: list[Listener] = []
_viewers: list[Callable[[Mask], None]] = []


def listen(listener: Listener) -> None:
    """Call ``listener`` with every step that is told in this process from now on."""
    _listeners[:] = [listener]


Count = Callable[[int], None]
_counts: list[Count] = []


@contextmanager
def counted_by(count: Count) -> Iterator[None]:
    """Call ``count`` with the number of elements that graphs of this process get done while the block runs."""
    _counts.append(count)
    try:
        yield
    finally:
        _counts.remove(count)


def done(n: int = 1) -> None:
    """Say that ``n`` elements more are done."""
    for count in _counts:
        count(n)


def tell(step: Step) -> None:
    """Say how far some work is that has no batch of objects."""
    for listener in _listeners:
        listener(step)


def view(viewer: Callable[[Mask], None]) -> None:
    """Call ``viewer`` with every mask that is made in this process from now on, before its video is committed.

    Masks of a frame may come twice: on the way forward, and, final, on the way back.
    """
    _viewers[:] = [viewer]


def preview(masks: Iterable[ObjectMask]) -> None:
    """Show masks that are not final: the way back comes to their frames too. Where nobody looks, nothing is done."""
    for viewer in _viewers:
        for mask in masks:
            viewer(mask.row())


def drawn(mask: Mask) -> None:
    """Say that a mask is final, unless another batch of the video claims its pixels too."""
    for viewer in _viewers:
        viewer(mask)


@dataclass(slots=True)
class BatchProgress:
    """Tells how far one batch of objects is.

    Attributes:
        batch: the objects.
        n_frames: of the video, about; 0 when that is not known.
    """

    batch: ObjectBatch
    n_frames: int
    _final: int = field(default=0, init=False)
    _last_final: int = field(default=-1, init=False)
    _decoded: int = field(default=0, init=False)
    _told: float = field(default=0.0, init=False)

    def segmenting(self, frame_idx: int, done: int) -> None:
        """Say that a localized frame is segmented now; ``done`` others are through."""
        names = {loc.object_id: loc.object_name or loc.object_id for loc in self.batch.job.localizations}
        anchors = self.batch.anchors()
        named = ", ".join(sorted({names[object_id] for object_id in anchors[frame_idx]})[:_NAMES])
        more = len(anchors[frame_idx]) - _NAMES
        objects = f"{named} and {more} more" if more > 0 else named
        self._tell(
            f"segmenting {objects}, {done + 1} of {len(anchors)}", self._segmenting_share() * done / len(anchors)
        )

    def propagating(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Pass frames on, each counted as decoded: half of what there is to do with it."""
        for frame in frames:
            self._decoded += 1
            self._propagated()
            yield frame

    def final(self, frame_idx: int) -> None:
        """Say that a mask of a frame is final; masks of one frame come together."""
        if frame_idx != self._last_final:
            self._final += 1
            self._last_final = frame_idx
            self._propagated()

    def _propagated(self) -> None:
        now = time.monotonic()
        if not _listeners or now - self._told < _EVERY_S:
            return
        self._told = now
        before = self._segmenting_share()
        done = (self._decoded + self._final) / (2 * max(self.n_frames, self._decoded, 1))
        number = f", batch {self.batch.number + 1} of {self.batch.n_batches}" if self.batch.n_batches > 1 else ""
        n_objects = len(self.batch.object_ids)
        objects = many(n_objects, "object")
        first = min(self.batch.anchors(), default=0)
        doing = "preparing the frames before the first hint of" if self._decoded <= first else "propagating"
        self._tell(f"{doing} {objects}{number}", before + (1 - before) * min(done, 1.0))

    def _segmenting_share(self) -> float:
        segmenting = SEGMENT_FRAMES * len(self.batch.anchors())
        return segmenting / max(segmenting + self.n_frames, 1)

    def _tell(self, text: str, share: float) -> None:
        if self.batch.job.batch is None:
            share = (self.batch.number + share) / self.batch.n_batches
        tell(Step(text, share))

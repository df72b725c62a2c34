"""One held-out video through a trained network, forward in time, from first-frame points and from first-frame masks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.video_files import VideoFile
from stages.backends.propagator import Estimate, PropagationSession, Propagator
from stages.resize import resize
from stages.train.points import FramePoints
from stages.video import open_video

Mask = NDArray[np.bool_]
Masks = Mapping[str, Mask]
_ROOM = 1 << 30
"""Bytes of encodings that are kept for the next network."""


class PointSession(PropagationSession, Protocol):
    """A session that starts from points too."""

    def start_from_points(
        self, encoding: Any, points: Mapping[str, tuple[NDArray[np.int32], NDArray[np.int8]]]
    ) -> dict[str, Estimate]:
        """Add objects by their points on a frame; returns their masks there."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ObjectStarts:
    """Where the objects of a video begin, by frame and object id.

    Attributes:
        points: their verified points there.
        masks: (H, W) bool, their masks there.
    """

    points: Mapping[int, Mapping[str, FramePoints]]
    masks: Mapping[int, Masks]


class Encodings:
    """Encodings of frames, which the frozen backbone makes alike for every network, kept while there is room."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], tuple[Any, int]] = OrderedDict()
        self._held = 0

    def of(self, video_id: str, frame_idx: int, image: NDArray[np.uint8], propagator: Propagator) -> Any:
        """The encoding of a frame."""
        key = video_id, frame_idx
        if key not in self._kept:
            encoding = propagator.encode(image)
            n_bytes = sum(array.nbytes for array in propagator.pack(encoding).values())
            self._kept[key] = encoding, n_bytes
            self._held += n_bytes
        self._kept.move_to_end(key)
        while self._held > _ROOM and len(self._kept) > 1:
            self._held -= self._kept.popitem(last=False)[1][1]
        return self._kept[key][0]


def track(
    file: VideoFile, propagator: Propagator, starts: ObjectStarts, encodings: Encodings
) -> Iterator[tuple[int, Masks, Masks]]:
    """Masks of every frame from the first start on: its index, those from points and those from masks.

    Raises:
        DecodeError: the video cannot be decoded.
    """
    sessions: list[PropagationSession] = []
    with open_video(file) as reader:
        for frame in reader:
            shape = frame.image.shape[:2]
            is_new = frame.idx in starts.points or frame.idx in starts.masks
            if not sessions and not is_new:
                continue
            encoding = encodings.of(file.video_id, frame.idx, frame.image, propagator)
            if not sessions:
                sessions = [propagator.open(*shape), propagator.open(*shape)]
                found: Sequence[dict[str, Estimate]] = [{}, {}]
            else:
                found = [session.step(encoding) for session in sessions]
            by_points, by_masks = (_full(one, shape) for one in found)
            if begun := starts.points.get(frame.idx):
                given = {object_id: (own.xy, own.labels) for object_id, own in begun.items()}
                by_points |= _full(_points_session(sessions[0]).start_from_points(encoding, given), shape)
            if given_masks := starts.masks.get(frame.idx):
                sessions[1].start(encoding, given_masks)
                by_masks |= given_masks
            yield frame.idx, by_points, by_masks


def _points_session(session: Any) -> PointSession:
    if not hasattr(session, "start_from_points"):
        raise TypeError(f"{type(session).__name__} cannot start from points")
    found: PointSession = session
    return found


def _full(found: Mapping[str, Estimate], shape: tuple[int, ...]) -> dict[str, Mask]:
    """(H, W) bool masks that share no pixel: each goes to the likeliest object, if it is likelier than not."""
    if not found:
        return {}
    size = (shape[0], shape[1])
    maps = np.stack([resize(np.asarray(one.probability, dtype=np.float32), size) for one in found.values()])
    best = maps.argmax(axis=0)
    return {object_id: (maps[n] > 127.5) & (best == n) for n, object_id in enumerate(found)}

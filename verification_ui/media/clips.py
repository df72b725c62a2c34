"""Context clips: the second before and after an asked frame, as a small film that every browser plays.

H.264, yuv420p, at most ``LONGEST_PX`` wide or high, its index in front so that it plays while it loads. Nothing is
drawn on the object, so all objects and designs share one clip a frame; the film rests a moment on the asked frame, in a
white border.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.frames import Frame
from schemas.whole_files import whole_path

Image = NDArray[np.uint8]

LONGEST_PX = 640
REACH_S = 1.0
_REST_S = 0.6
_BORDER_PX = 4
_HIGHEST_RATE = 30.0
_UNKNOWN_RATE = 24.0
_OPTIONS = {"crf": "30", "preset": "veryfast", "profile": "high", "x264-params": "mbtree=0"}
"""With its macroblock tree, x264 does not always give the same bytes for the same pictures."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a video is cut into clips.

    Attributes:
        step: every so many-th frame is shown, counted from the asked one.
        reach: frames of the video on either side of the asked one.
        rate: shown frames a second.
    """

    step: int
    reach: int
    rate: Fraction

    @classmethod
    def of(cls, fps: float) -> Pace:
        """The pace of a video of ``fps`` frames/s; 0.0 where that is unknown.

        >>> Pace.of(25.0), Pace.of(100.0).step
        (Pace(step=1, reach=25, rate=Fraction(25, 1)), 4)
        """
        known = fps or _UNKNOWN_RATE
        step = int(np.ceil(known / _HIGHEST_RATE - 0.01))
        return cls(step, max(step, round(known * REACH_S)), Fraction(known / step).limit_denominator(1001))

    def frames_around(self, frame_idx: int) -> range:
        """The frames of the clip of one frame, those before the video among them."""
        side = self.reach // self.step * self.step
        return range(frame_idx - side, frame_idx + side + 1, self.step)


def make_clips(
    frames: Iterable[Frame],
    fps: float,
    targets: Mapping[int, Path],
    cuts: Sequence[int] = (),
    done: Callable[[int], None] = lambda _: None,
) -> None:
    """Make the clips of one video while it is decoded once, as far as they need it; they are encoded in parallel.

    A clip stays within its shot. Memory holds a few clips of shrunken frames, however long the video is.

    Args:
        frames: from the first one on.
        fps: of the video; 0.0 where unknown.
        targets: frame index → where its clip goes.
        cuts: first frames of new shots, ascending.
        done: called with 1 for every clip made.
    """
    pace, n_threads = Pace.of(fps), os.cpu_count() or 1
    pending: deque[Future[None]] = deque()
    with ThreadPoolExecutor(n_threads) as pool:
        for frame_idx, images, position in _cut(frames, targets.keys(), pace, cuts):
            pending.append(pool.submit(write_clip, targets[frame_idx], images, position, pace.rate))
            while len(pending) > n_threads:
                pending.popleft().result()
                done(1)
        for future in pending:
            future.result()
            done(1)


def _cut(
    frames: Iterable[Frame], asked: Collection[int], pace: Pace, cuts: Sequence[int]
) -> Iterator[tuple[int, list[Image], int]]:
    """(frame index, images of its clip, position of the frame among them), in order, each as soon as it is whole."""
    needed = {idx for frame_idx in asked for idx in pace.frames_around(frame_idx)}
    waiting = deque(sorted(set(asked)))
    held: dict[int, Image] = {}
    for frame in frames:
        if frame.idx in needed:
            held[frame.idx] = _shrunken(frame.image)
        while waiting and frame.idx >= pace.frames_around(waiting[0])[-1]:
            asked_idx = waiting.popleft()
            if asked_idx in held:
                yield _clip(asked_idx, held, pace, cuts)
            first = pace.frames_around(waiting[0])[0] if waiting else frame.idx + 1
            held = {idx: image for idx, image in held.items() if idx >= first}
        if not waiting:
            return
    yield from (_clip(frame_idx, held, pace, cuts) for frame_idx in waiting if frame_idx in held)


def _clip(frame_idx: int, held: Mapping[int, Image], pace: Pace, cuts: Sequence[int]) -> tuple[int, list[Image], int]:
    shot = bisect_right(cuts, frame_idx)
    shown = [idx for idx in pace.frames_around(frame_idx) if idx in held and bisect_right(cuts, idx) == shot]
    return frame_idx, [held[idx] for idx in shown], shown.index(frame_idx)


def _shrunken(image: Image) -> Image:
    """(h, w, 3) with even sides of at most ``LONGEST_PX``."""
    scale = min(1.0, LONGEST_PX / max(image.shape[:2]))
    height, width = (max(2, round(side * scale / 2) * 2) for side in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def write_clip(path: Path, images: Sequence[Image], position: int, rate: Fraction) -> None:
    """Write one clip, whole or not at all; the same images give the same bytes.

    Args:
        path: of the film.
        images: (h, w, 3) uint8 RGB of one size with even sides.
        position: index of the asked frame among them.
        rate: frames a second.
    """
    with whole_path(path) as draft:
        _encode(draft, images, position, rate)


def _encode(path: Path, images: Sequence[Image], position: int, rate: Fraction) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as film:
        stream = film.add_stream("libx264", rate=rate, options=_OPTIONS)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt, stream.thread_count = "yuv420p", 1
        for pts, image in enumerate(_resting(images, position, round(float(rate) * _REST_S))):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = pts, 1 / rate
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))


def _resting(images: Sequence[Image], position: int, n_rest: int) -> Iterator[Image]:
    for i, image in enumerate(images):
        yield from [_framed(image)] * max(1, n_rest) if i == position else [image]


def _framed(image: Image) -> Image:
    edge = image.copy()
    edge[:_BORDER_PX], edge[-_BORDER_PX:], edge[:, :_BORDER_PX], edge[:, -_BORDER_PX:] = 255, 255, 255, 255
    return edge

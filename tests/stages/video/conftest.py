"""Clips whose pixels tell the number of their frame."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

WriteClip = Callable[..., Path]
_OPTIONS = {
    "libx264": {"preset": "ultrafast", "bf": "2"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=0:bframes=2"},
    "mpeg2video": {"bf": "2"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
}


def numbered_image(number: int, height: int, width: int) -> np.ndarray:
    """The number in eight gray bars, one a bit, least significant on the left."""
    bits = np.array([(number >> bit) & 1 for bit in range(8)])
    bars = np.repeat(bits, -(-width // 8))[:width].astype(np.uint8) * 160 + 40
    return np.repeat(np.broadcast_to(bars, (height, width))[..., None], 3, axis=2).copy()


@contextmanager
def usual_priority() -> Iterator[None]:
    """SVT-AV1 gives a process of root the highest real-time priority, and all others on the machine wait for it."""
    if sys.platform != "linux":
        yield
        return
    policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameter)


@pytest.fixture
def draw_number() -> Callable[[int, int, int], np.ndarray]:
    """:func:`numbered_image`."""
    return numbered_image


@pytest.fixture
def read_number() -> Callable[[np.ndarray], int]:
    """A function that reads the number that an image shows."""

    def read(image: np.ndarray) -> int:
        width = image.shape[1]
        bar = -(-width // 8)
        levels = [image[:, min(bit * bar + bar // 2, width - 1)].mean() for bit in range(8)]
        return sum(int(level > 120) << bit for bit, level in enumerate(levels))

    return read


@pytest.fixture
def write_clip(tmp_path: Path) -> WriteClip:
    """Write a clip of numbered frames; returns its path."""

    def write(
        name: str = "clip.mp4",
        *,
        n_frames: int = 20,
        height: int = 48,
        width: int = 64,
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        times: Sequence[int] | None = None,
        rotation: float | None = None,
        flip: bool = False,
        faststart: bool = False,
        noisy: bool = False,
        gop: int = 8,
        first: int = 0,
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {"movflags": "faststart"} if faststart else {}
        with usual_priority(), av.open(str(path), "w", options=options) as container:
            stream = container.add_stream(codec, rate=25)
            stream.height, stream.width, stream.pix_fmt, stream.gop_size = height, width, pix_fmt, gop
            stream.options = _OPTIONS.get(codec, {})
            if rotation is not None:
                stream.set_display_rotation(rotation, hflip=flip)
            stream.codec_context.time_base = Fraction(1, 1000) if times else Fraction(1, 25)
            for number in range(n_frames):
                image = numbered_image(first + number, height, width)
                if noisy:  # every frame takes some kilobytes
                    image[height // 2 :] = np.random.default_rng(number).integers(0, 255, image[height // 2 :].shape)
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts = times[number] if times else number
                frame.time_base = stream.codec_context.time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write

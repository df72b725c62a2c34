"""Overlay videos as files: H.264, yuv420p, the index in front, so that every browser plays them while they load."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from schemas.frames import Frame
from schemas.remote_paths import AnyPath
from schemas.whole_files import whole_path
from stages.render.overlay_plan import OverlayPlan
from stages.render.pictures import overlay_frame, overlay_width
from stages.render.strip import Strip

_KEY_FRAMES_S = 2
_OPTIONS = {"crf": "23", "preset": "veryfast", "profile": "high", "x264-params": "mbtree=0"}
"""With its macroblock tree, x264 does not always give the same bytes for the same pictures."""


def write_overlay_video(
    path: AnyPath, plan: OverlayPlan, frames: Iterable[Frame], mark: str, done: Callable[[], None]
) -> None:
    """Write one overlay video, whole or not at all; a frame at a time is in memory.

    Args:
        path: of the overlay video.
        plan: what it shows.
        frames: of the video, in order; frames that are left out are shown as grey ones.
        mark: of what the overlay video is made from, kept in it: see :func:`mark_of`.
        done: called after every frame.

    Raises:
        DecodeError: the video cannot be decoded.
        ValueError: its frames have another size than when it was annotated.
        OSError: the overlay video cannot be written.
    """
    with (
        whole_path(path) as draft,
        av.open(str(draft), "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        container.metadata["comment"] = mark
        interval = {"g": str(round(float(plan.rate) * _KEY_FRAMES_S))}
        stream = container.add_stream("libx264", rate=plan.rate, options=_OPTIONS | interval)
        for pts, picture in enumerate(overlay_frames(plan, frames)):
            if pts == 0:
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt, stream.thread_count = "yuv420p", 1
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = pts, 1 / plan.rate
            container.mux(stream.encode(frame))
            done()
        container.mux(stream.encode(None))


def overlay_frames(plan: OverlayPlan, frames: Iterable[Frame]) -> Iterator[NDArray[np.uint8]]:
    """The pictures of the overlay video, one for every frame up to the last that could be decoded, lost ones included.

    Raises:
        ValueError: the frames have another size than when the video was annotated.
    """
    strip, expected = Strip.of(plan, overlay_width(plan)), 0
    for frame in frames:
        height, width = frame.image.shape[:2]
        if (height, width) != (plan.video.height, plan.video.width):
            raise ValueError(
                f"{plan.video.uri} has frames of {width}x{height} pixels and had {plan.video.width}x"
                f"{plan.video.height} when it was annotated; annotate it again"
            )
        for lost in range(expected, frame.idx):
            yield overlay_frame(plan, strip, lost, None)
        if frame.idx >= plan.video.n_frames:
            return
        yield overlay_frame(plan, strip, frame.idx, frame.image)
        expected = frame.idx + 1


def mark_of(path: AnyPath) -> str:
    """The mark of an overlay video that was written earlier; empty where there is none."""
    if not isinstance(path, Path) or not path.is_file():
        return ""
    try:
        with av.open(str(path)) as container:
            return container.metadata.get("comment", "")
    except av.FFmpegError:
        return ""

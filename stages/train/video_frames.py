"""Frames out of the videos themselves, for training without the JPEGs that a run keeps."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.frames import Frame
from schemas.video_files import VideoFile
from stages.video import DecodeError, Opener, open_video, selected_frames

SourceOf = Callable[[str], VideoFile]


class VideoFrames:
    """Reads frames by decode index; those of one video are best asked for in their order.

    A video file is decoded from its start, since seeking is not exact in every container; a pass continues where the
    frame before it was found, so that a clip costs one pass up to its last frame. Of a folder of frames only the file
    that is asked for is read. A worker has its own open video; the object itself travels without one.
    """

    _held: ExitStack
    _frames: Iterator[Frame]
    _video_id: str
    _next: int
    _process: int

    def __init__(self, source_of: SourceOf, opener: Opener | None = None) -> None:
        self._source_of, self._opener = source_of, opener
        self._forget()

    def __call__(self, video_id: str, frame_idx: int) -> NDArray[np.uint8]:
        """The (H, W, 3) uint8 RGB frame.

        Raises:
            FileNotFoundError: the video has no such frame, or cannot be decoded up to it.
        """
        try:
            return self._read(video_id, frame_idx)
        except (DecodeError, OSError) as problem:
            self._close()
            raise FileNotFoundError(f"frame {frame_idx} of {video_id!r} cannot be read: {problem}") from None

    def __getstate__(self) -> dict[str, Any]:
        return {"_source_of": self._source_of, "_opener": self._opener}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def _read(self, video_id: str, frame_idx: int) -> NDArray[np.uint8]:
        if self._process != os.getpid():  # a fork shares the place in a file with its parent
            self._forget()
        file = self._source_of(video_id)
        if file.frames:
            found = next(selected_frames(file, [frame_idx], self._opener), None)
            if found is None:
                raise OSError(f"{file.uri} has {len(file.frames)} frames")
            return found.image
        if video_id != self._video_id or frame_idx < self._next:
            self._open(video_id, file)
        for frame in self._frames:
            self._next = frame.idx + 1
            if frame.idx == frame_idx:
                return frame.image
        raise OSError(f"{file.uri} has no such frame")

    def _open(self, video_id: str, file: VideoFile) -> None:
        self._close()
        self._frames = iter(self._held.enter_context(open_video(file, self._opener)))
        self._video_id = video_id

    def _close(self) -> None:
        self._held.close()
        self._forget()

    def _forget(self) -> None:
        self._held, self._video_id, self._next, self._process = ExitStack(), "", 0, os.getpid()
        self._frames = iter(())

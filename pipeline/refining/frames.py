"""The frames of a video for rounds that look at parts of it, without decoding all that is before each part."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby

from schemas.frames import Frame
from schemas.video_files import VideoFile
from stages.video import Opener, open_video, selected_frames
from stages.video.seeking import FrameMark, frames_between, mark_of


class SeekableFrames:
    """Gives frames by index, exactly. A container is decoded once up to the last frame that was asked for."""

    def __init__(self, file: VideoFile, opener: Opener) -> None:
        self._file, self._opener = file, opener
        self._marks: dict[int, FrameMark] = {}
        self._pass: Iterator[Frame] | None = None

    def __call__(self, indices: Collection[int]) -> Iterator[Frame]:
        """The frames of ascending indices; those that are damaged are left out.

        Raises:
            DecodeError: the video cannot be decoded.
        """
        if self._file.frames:
            yield from selected_frames(self._file, indices, self._opener)
            return
        self._mark_up_to(max(indices, default=-1))
        wanted = [self._marks[idx] for idx in indices if idx in self._marks]
        for _, part in groupby(enumerate(wanted), key=lambda one: one[1].idx - one[0]):
            yield from frames_between(self._file, [mark for _, mark in part], self._opener)

    def _mark_up_to(self, last: int) -> None:
        if self._pass is None:
            self._pass = self._frames()
        while last > max(self._marks, default=-1) and (frame := next(self._pass, None)) is not None:
            self._marks[frame.idx] = mark_of(frame)

    def _frames(self) -> Iterator[Frame]:
        with open_video(self._file, self._opener) as reader:
            yield from reader

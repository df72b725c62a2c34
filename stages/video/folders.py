"""Pictures of a folder of frames."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import splitext

from schemas.video_files import VideoFile
from stages.video.corpus import FRAME_KINDS
from stages.video.errors import DecodeError
from stages.video.files import Opener, read_bytes
from stages.video.pictures import Picture
from stages.video.stills import decode_still


class FrameFolder:
    """A folder of pictures of one kind; a damaged one is left out."""

    def __init__(self, file: VideoFile, opener: Opener) -> None:
        self._paths = file.frames
        self._opener = opener
        self.codec = FRAME_KINDS[splitext(file.frames[0])[1].lower()]
        self.n_frames = self.n_indices = len(file.frames)
        self.is_counted = True
        self.fps = 0.0
        self.key_frames: tuple[int, ...] = ()
        self.truncated = False

    def pictures(self) -> Iterator[Picture]:
        """Images in file order; the index of a frame is its position, gaps in the numbering do not count."""
        for idx, path in enumerate(self._paths):
            data = read_bytes(path, self._opener)
            try:
                still = decode_still(data, repr(path))
            except ValueError as problem:
                raise DecodeError("too_large", str(problem)) from None
            if still is not None:
                yield Picture(idx, still.image, jpeg=data if still.is_plain_jpeg else None)

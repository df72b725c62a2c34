"""Pictures of a folder of frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import cv2
import numpy as np

from stages.corpus import JPEG_EXTENSIONS, VideoFile
from stages.frames.errors import DecodeError
from stages.frames.files import Opener, readable
from stages.frames.pictures import Image, Picture


class FrameFolder:
    """A folder of JPEG or PNG files: gray, palette, alpha and 16 bits become 8-bit RGB."""

    def __init__(self, file: VideoFile, opener: Opener) -> None:
        self._paths = file.frames
        self._opener = opener
        self.codec = "jpeg" if file.frames[0].lower().endswith(JPEG_EXTENSIONS) else "png"
        self.n_frames = len(file.frames)
        self.fps = 0.0
        self.damaged = False

    def pictures(self) -> Iterator[Picture]:
        """Images in file order; the index of a frame is its position, gaps in the numbering do not count."""
        for path in self._paths:
            picture = self._read(path)
            if picture is None:
                self.damaged = True
                return
            yield picture

    def _read(self, path: str) -> Picture | None:
        try:
            with readable(path, self._opener) as stream:
                data = stream.read()
        except DecodeError:
            return None
        image = _decode_image(data)
        if image is None or self.codec != "jpeg":
            return None if image is None else Picture(image)
        return Picture(image, jpeg=data if _is_stored_upright(data, image) else None)


def _decode_image(data: bytes, flags: int = 0) -> Image | None:
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | flags)
    return cast(Image | None, decoded)


def _is_stored_upright(data: bytes, upright: Image) -> bool:
    """Whether a reader that ignores EXIF sees the same pixels."""
    if b"Exif\0\0" not in data[: 1 << 16]:
        return True
    return np.array_equal(cast(Image, _decode_image(data, cv2.IMREAD_IGNORE_ORIENTATION)), upright)

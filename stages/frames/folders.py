"""Pictures of a folder of frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import cv2
import numpy as np

from stages.corpus import JPEG_EXTENSIONS, VideoFile
from stages.frames.files import Opener, read_bytes
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
        data = read_bytes(path, self._opener)
        image = _decode_image(data)
        if image is None:
            return None
        is_own = self.codec == "jpeg" and _is_stored_upright(data, image)
        return Picture(image, jpeg=data if is_own else None)


def _decode_image(data: bytes, flags: int = 0) -> Image | None:
    if not data:
        return None
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | flags)
    return cast(Image | None, decoded)


def _is_stored_upright(data: bytes, upright: Image) -> bool:
    """Whether a reader that ignores EXIF sees the same pixels."""
    if b"Exif\0\0" not in data[: 1 << 16]:
        return True
    return np.array_equal(cast(Image, _decode_image(data, cv2.IMREAD_IGNORE_ORIENTATION)), upright)

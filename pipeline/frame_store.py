"""Frames and trust maps of the video in work, on disk: kept when chosen, forgotten otherwise.

Which frames people will look at is known only when a video is through. So every frame is put aside as JPEG while it
is decoded (a few milliseconds), the chosen ones are moved into the run, and nothing is decoded twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.run_folder import digest
from schemas.frames import Frame
from stages.propagate.patches import pack_patch, unpack_patch


@dataclass(slots=True)
class FrameStore:
    """Files of one video in work, below ``folder``.

    Attributes:
        folder: a private temporary folder.
        jpeg_quality: 0..100.
    """

    folder: Path
    jpeg_quality: int

    def record(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Pass frames on, each put aside as JPEG once; a source's own JPEG bytes are kept as they are."""
        for frame in frames:
            file = self._frame_file(frame.idx)
            if not file.exists():
                file.write_bytes(frame.jpeg or self._encode(frame.image))
            yield frame

    def keep_frames(self, indices: Iterable[int], target: Path) -> None:
        """Move the frames ``indices`` to ``target/<frame_idx:06d>.jpg``."""
        target.mkdir(parents=True, exist_ok=True)
        for idx in indices:
            self._frame_file(idx).replace(target / f"{idx:06d}.jpg")

    def put_trust(self, object_id: str, frame_idx: int, trust: NDArray[np.uint8]) -> None:
        """Put a (h, w) uint8 trust map aside, losslessly."""
        self._trust_file(object_id, frame_idx).write_bytes(pack_patch(trust))

    def trust(self, object_id: str, frame_idx: int) -> NDArray[np.uint8] | None:
        """The trust map, or None where there is none (a frame that carries the user's own mask)."""
        file = self._trust_file(object_id, frame_idx)
        return unpack_patch(file.read_bytes()) if file.exists() else None

    def _encode(self, image: NDArray[np.uint8]) -> bytes:
        quality = [cv2.IMWRITE_JPEG_QUALITY, self.jpeg_quality]
        return bytes(cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)[1])

    def _frame_file(self, idx: int) -> Path:
        return self.folder / f"{idx:06d}.jpg"

    def _trust_file(self, object_id: str, frame_idx: int) -> Path:
        # one folder level; ids may hold any character
        return self.folder / f"{digest(object_id)}.{frame_idx:06d}.trust"

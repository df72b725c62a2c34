"""One decoded frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A decoded frame as displayed (rotation applied).

    Attributes:
        idx: 0-based decode index.
        time_s: presentation time in seconds; 0.0 for a folder of frames.
        image: (H, W, 3) uint8 RGB.
        jpeg: the frame's own JPEG file, byte for byte, when the source is a folder of JPEGs.
    """

    idx: int
    time_s: float
    image: NDArray[np.uint8]
    jpeg: bytes | None = None

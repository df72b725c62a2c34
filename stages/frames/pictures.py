"""What a source of pictures hands to the reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One image with its time on the container's own clock."""

    image: Image
    start_s: float = 0.0
    end_s: float = 0.0
    rotation_deg: int = 0
    jpeg: bytes | None = None


class Source(Protocol):
    """Where pictures come from; ``damaged`` is final once :meth:`pictures` has ended."""

    codec: str
    n_frames: int
    fps: float
    damaged: bool

    def pictures(self) -> Iterator[Picture]:
        """Every picture, once, in display order."""
        ...

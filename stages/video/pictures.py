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
    """One image with its index, and its time counted from the start of frame 0."""

    idx: int
    image: Image
    start_s: float = 0.0
    end_s: float = 0.0
    rotation_deg: int = 0
    jpeg: bytes | None = None


class Source(Protocol):
    """Where pictures come from.

    Attributes:
        codec: its name.
        n_frames: about how many frames there are, as the header says; 0 when that is not known.
        is_counted: there are no more frames than ``n_frames``, for certain.
        fps: nominal frame rate; 0.0 when that is not known.
        key_frames: numbers of the key frames in decode order, as the index tells them; empty when that is not known.
        truncated: the end of the source is cut off; final once :meth:`pictures` has ended.
    """

    codec: str
    n_frames: int
    is_counted: bool
    fps: float
    key_frames: tuple[int, ...]
    truncated: bool

    @property
    def n_indices(self) -> int:
        """How many frames there are, lost ones included; final once :meth:`pictures` has ended."""
        ...

    def pictures(self) -> Iterator[Picture]:
        """Every picture that can be decoded, once, in display order; indices of others are left out."""
        ...

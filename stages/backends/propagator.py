"""The seam between the propagate stage and its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Encoding = Any
"""What a backend computes once a frame and shares between objects and directions; opaque outside the backend."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Where one object is on one frame, as the propagator sees it.

    Attributes:
        probability: (h, w) at the backend's working size, uint8 with 255 for 1, or float32 in [0, 1]; all zero when the
            object is absent.
        quality: trust in [0, 1]: a ranking over frames, not a calibrated J.
        trust: (h, w) likewise, how surely each pixel is object (1) or background (0), less sharpened than
            ``probability``; candidates are drawn where it is decided. None: use ``probability``.
    """

    probability: NDArray[np.uint8] | NDArray[np.float32]
    quality: float
    trust: NDArray[np.uint8] | NDArray[np.float32] | None = None


def to_bytes(values: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.uint8]:
    """(h, w) in [0, 1] → 0..255, rounded to the nearest; bytes stay as they are. h and w may be 0."""
    if values.dtype == np.uint8:
        return cast(NDArray[np.uint8], values)
    if not values.size:
        return np.zeros(values.shape, dtype=np.uint8)  # OpenCV answers None
    return np.asarray(cv2.convertScaleAbs(values, alpha=255.0), dtype=np.uint8)


class Propagator(Protocol):
    """A propagation model, loaded and ready. It holds no state of a video: that lives in its sessions."""

    name: str
    """Registry key; it goes into every row that the model made."""

    def open(self, height: int, width: int) -> PropagationSession:
        """A new session for frames of ``height`` x ``width`` pixels. Several may be open at once."""
        ...

    def encode(self, image: NDArray[np.uint8]) -> Encoding:
        """The per-frame work that needs no state: resize, features. Called once a frame, maybe in another thread.

        Args:
            image: (H, W, 3) uint8 RGB.
        """
        ...

    def pack(self, encoding: Encoding) -> dict[str, NDArray[Any]]:
        """Compact arrays from which :meth:`unpack` makes the encoding again; they wait on disk for the way back."""
        ...

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> Encoding:
        """Inverse of :meth:`pack`."""
        ...


class PropagationSession(Protocol):
    """One direction through one video, many objects. Frames are stepped in order (either way in time)."""

    def start(self, encoding: Encoding, masks: Mapping[str, NDArray[np.bool_]]) -> None:
        """Take ``masks`` ((H, W) bool at full frame size, by object id) as the truth on this frame.

        New ids are added; an id that is live already is corrected to the mask and its memory keeps both.
        Called after :meth:`step` on the same frame when other objects are live already.
        """
        ...

    def step(self, encoding: Encoding) -> dict[str, Estimate]:
        """Move to the next frame: one estimate for every live object, each against its own background."""
        ...

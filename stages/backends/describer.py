"""The seam to what describes the pixels of a frame, so that a classifier can learn them from a few labelled points."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Description(Protocol):
    """What the pixels of one frame look like: d numbers each, which nothing but a linear classifier reads."""

    def at(self, xy_px: NDArray[np.int64]) -> NDArray[np.float32]:
        """(N, d) float32 at pixels (N, 2), x first."""
        ...

    def scores(self, classifier: NDArray[np.float32]) -> NDArray[np.float32]:
        """(H, W) float32, the scores of a linear classifier (d + 1,), the bias last, at every pixel of the frame."""
        ...


class Describer(Protocol):
    """A model that describes frames, loaded and ready. It holds no state of an image or a video."""

    def describe(self, image: NDArray[np.uint8]) -> Description:
        """Describe a (H, W, 3) uint8 RGB frame."""
        ...


def load_describer(device: str = "auto") -> Describer:
    """The describer that comes with this package; its network is loaded once a process.

    Args:
        device: ``auto``, ``cpu`` or ``cuda[:n]``.
    """
    from stages.backends.embedded.describer import load_embedded

    return load_embedded(device)

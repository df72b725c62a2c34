"""The seam between the segment stage and its models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.prompts import Prompt


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A segmenter's answer to one prompt.

    Attributes:
        mask: (H, W) bool at the image's size; may be empty when the model finds nothing.
        quality: trust in [0, 1].
        probability: (H, W) float32 in [0, 1], above 0.5 in the mask; only where the prompt asks for it and the model
            has one, else None.
    """

    mask: NDArray[np.bool_]
    quality: float
    probability: NDArray[np.float32] | None = None

    def soft(self) -> NDArray[np.float32]:
        """(H, W) float32, the probability; 0 and 1 from a model that has none."""
        return self.mask.astype(np.float32) if self.probability is None else self.probability


class Segmenter(Protocol):
    """An interactive segmenter, loaded and ready. It holds no state of an image or a video."""

    name: str
    """Registry key; it goes into every row that the model made."""

    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        """Answer all prompts of one frame; the image is embedded once.

        Args:
            image: (H, W, 3) uint8 RGB.
            prompts: at least one.

        Returns:
            One segment a prompt, in order.
        """
        ...

"""How much a propagator may hold."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_SHORT_SIDE_PX = 96
LEAST_MEMORY_FRAMES = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a model that can do with less, such as Cutie; others have a size of their own. 0 leaves the model's own.

    Attributes:
        short_side_px: the shorter side of a frame as the model sees it.
        memory_frames: frames that it remembers in full.
    """

    short_side_px: int = 0
    memory_frames: int = 0

    def __post_init__(self) -> None:
        if self.short_side_px and self.short_side_px < LEAST_SHORT_SIDE_PX:
            raise ValueError(f"short_side_px {self.short_side_px} must be at least {LEAST_SHORT_SIDE_PX}, or 0")
        if self.memory_frames and self.memory_frames < LEAST_MEMORY_FRAMES:
            raise ValueError(f"memory_frames {self.memory_frames} must be at least {LEAST_MEMORY_FRAMES}, or 0")


NO_LIMITS = Limits()
"""Every model as it is."""

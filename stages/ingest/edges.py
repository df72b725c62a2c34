"""Normalised positions at the edge of the frame: a hand overshoots a little."""

from __future__ import annotations

MARGIN_NORM = 0.05
"""A position may leave the frame by this much and is put back on its edge; further out it is not a position in it."""


def is_near_frame(x_norm: float, y_norm: float) -> bool:
    """Whether a position lies in the frame or within the margin around it.

    >>> is_near_frame(1.02, 0.5), is_near_frame(1.2, 0.5)
    (True, False)
    """
    return all(-MARGIN_NORM <= v <= 1 + MARGIN_NORM for v in (x_norm, y_norm))


def clip(x_norm: float, y_norm: float) -> tuple[float, float]:
    """The nearest position in the frame.

    >>> clip(1.02, 0.5)
    (1.0, 0.5)
    """
    return min(max(x_norm, 0.0), 1.0), min(max(y_norm, 0.0), 1.0)

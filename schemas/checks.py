"""Small checks that records share; every message names the value."""

from __future__ import annotations

import math


def require_text(name: str, value: str) -> None:
    """Raise ValueError when ``value`` is empty."""
    if not value:
        raise ValueError(f"{name} is empty")


def require_index(name: str, value: int) -> None:
    """Raise ValueError when ``value`` is negative."""
    if value < 0:
        raise ValueError(f"{name} {value} is negative")


def require_unit(name: str, value: float) -> None:
    """Raise ValueError when ``value`` is not in [0, 1]."""
    if not (math.isfinite(value) and 0.0 <= value <= 1.0):
        raise ValueError(f"{name} {value} is not in [0, 1]")


def require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise ValueError when ``value`` is not one of ``choices``."""
    if value not in choices:
        raise ValueError(f"unknown {name} {value!r}; known: {', '.join(choices)}")

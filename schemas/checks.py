"""Small checks that records share; every message names the value."""

from __future__ import annotations

import math

from schemas.limits import MAX_INDEX, MAX_TEXT


def require_text(name: str, value: str) -> None:
    """Raise ValueError when ``value`` is empty."""
    if not value:
        raise ValueError(f"{name} is empty")


def require_below(name: str, value: str) -> None:
    """Raise ValueError when ``value`` is not a path that stays below the folder it is joined to.

    >>> require_below("video_id", "clips/..bear")
    >>> require_below("video_id", "clips/../../bear")
    Traceback (most recent call last):
        ...
    ValueError: video_id 'clips/../../bear' points outside its folder
    """
    require_text(name, value)
    if value.startswith("/") or ".." in value.split("/") or "\0" in value:
        raise ValueError(f"{name} {value!r} points outside its folder")


def require_storable(name: str, value: str) -> None:
    """Raise ValueError when no table can hold ``value``: it is very long, or has half of a surrogate pair."""
    if len(value) > MAX_TEXT:
        raise ValueError(f"{name} {value[:40]!r}... has {len(value):,} characters; at most {MAX_TEXT:,} are read")
    if printable(value) != value:
        raise ValueError(f"{name} {printable(value)[:80]!r} holds half of a surrogate pair, which is not valid Unicode")


def printable(text: str) -> str:
    r"""``text`` as UTF-8 can hold it: halves of surrogate pairs are spelled out.

    >>> printable("a\ud800")
    'a\\ud800'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def require_index(name: str, value: int) -> None:
    """Raise ValueError when ``value`` is negative or larger than a table can hold."""
    if value < 0:
        raise ValueError(f"{name} {value} is negative")
    if value > MAX_INDEX:
        raise ValueError(f"{name} {value} is larger than {MAX_INDEX}")


def require_unit(name: str, value: float) -> None:
    """Raise ValueError when ``value`` is not in [0, 1]."""
    if not (math.isfinite(value) and 0.0 <= value <= 1.0):
        raise ValueError(f"{name} {value} is not in [0, 1]")


def require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise ValueError when ``value`` is not one of ``choices``."""
    if value not in choices:
        raise ValueError(f"unknown {name} {value!r}; known: {', '.join(choices)}")

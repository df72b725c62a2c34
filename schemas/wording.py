"""Numbers of things, in words for people."""

from __future__ import annotations


def many(n: int, noun: str) -> str:
    """A number and its noun.

    >>> many(1, "video"), many(0, "video"), many(1200, "near-duplicate")
    ('1 video', '0 videos', '1,200 near-duplicates')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"

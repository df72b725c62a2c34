"""Lots that anybody can draw again: chance that depends on names alone, not on order, time or machine."""

from __future__ import annotations

import hashlib


def name_of(*parts: object) -> str:
    """32 hex digits that stand for the parts' text, unambiguous about where one ends."""
    text = "".join(f"{len(str(part))}:{part}" for part in parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def lot(*parts: object) -> float:
    """A number in [0, 1), uniform over different parts.

    >>> lot("choose", 0, "a") == lot("choose", 0, "a"), lot("choose", 0, "a") == lot("choose", 1, "a")
    (True, False)
    """
    return int(name_of(*parts), 16) / 2**128

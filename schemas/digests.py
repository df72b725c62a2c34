"""Names and chance that depend on what they are made from alone, not on order, time or machine.

Two hashes, since their values are in the folders and tables of runs: SHA-256 names files and settings, BLAKE2b names
candidates, questions and random choices.
"""

from __future__ import annotations

import hashlib


def digest(*parts: object, length: int = 16) -> str:
    """Hex digits of the parts' text, unambiguous about where one ends.

    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    return hashlib.sha256(_joined(parts)).hexdigest()[:length]


def name_of(*parts: object) -> str:
    """32 hex digits that stand for the parts' text, unambiguous about where one ends."""
    return hashlib.blake2b(_joined(parts), digest_size=16).hexdigest()


def uniform(*parts: object) -> float:
    """A number in [0, 1), uniform over different parts.

    >>> uniform("choose", 0, "a") == uniform("choose", 0, "a"), uniform("choose", 0, "a") == uniform("choose", 1, "a")
    (True, False)
    """
    return int(name_of(*parts), 16) / 2**128


def _joined(parts: tuple[object, ...]) -> bytes:
    return "".join(f"{len(str(part))}:{part}" for part in parts).encode("utf-8", "surrogatepass")

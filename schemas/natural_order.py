"""The order of ids that people expect."""

from __future__ import annotations

import re


def natural_order(text: str) -> tuple[list[tuple[bool, int, str]], str]:
    """A sort key under which numbers compare as numbers, alone and within words, and come before letters.

    >>> sorted(["a10", "10", "a9", "2", "b"], key=natural_order)
    ['2', '10', 'a9', 'a10', 'b']
    """
    parts = [part for part in re.split(r"([0-9]{1,18})", text) if part]
    return [(False, int(p), "") if "0" <= p[0] <= "9" else (True, 0, p) for p in parts], text

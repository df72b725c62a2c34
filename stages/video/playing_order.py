"""The order in which the files of a folder of frames are played; shared ground."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from posixpath import basename, splitext

_FRACTION = re.compile(r"(?<![0-9.])[0-9]+\.([0-9]+)(?![0-9.])")


def playing_order(frames: Iterable[str]) -> Callable[[str], tuple[tuple[str | int | Fraction, ...], str]]:
    """Numbers compare as numbers, so that ``2.jpg`` comes before ``10.jpg``, and 1.08 (seconds) before 1.1.

    ``1.9`` and ``1.10`` may be fractions or two counters. Fractions of unequal length never end in a zero (Python
    writes 1.1, not 1.10), but counters do sooner or later.
    """
    decimals = {digits for path in frames for digits in _FRACTION.findall(splitext(basename(path))[0])}
    is_time = len(set(map(len, decimals))) > 1 and not any(len(d) > 1 and d.endswith("0") for d in decimals)
    pattern, number = (r"([0-9]+\.[0-9]+|[0-9]+)", Fraction) if is_time else (r"([0-9]+)", int)

    def key(path: str) -> tuple[tuple[str | int | Fraction, ...], str]:
        parts = re.split(pattern, splitext(basename(path))[0].casefold())
        return tuple(number(part) if i % 2 else part for i, part in enumerate(parts)), path

    return key

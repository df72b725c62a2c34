"""Several expressions of one object in one column.

They are joined by a semicolon and a space; the space behind a semicolon within an expression becomes one that does not
break, which looks the same, and which no expression has otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable

_BETWEEN, _WITHIN = "; ", ";\u00a0"


def joined(expressions: Iterable[str]) -> str:
    r"""All expressions in one text.

    >>> joined(["the dog", "a pet; black"]) == "the dog; a pet;\u00a0black"
    True
    """
    return _BETWEEN.join(one.replace(_BETWEEN, _WITHIN) for one in expressions)


def separated(text: str) -> list[str]:
    """The expressions that :func:`joined` has put together, without blank ones.

    >>> separated(joined(["the dog", "a pet; black"]))
    ['the dog', 'a pet; black']
    """
    return [one.replace(_WITHIN, _BETWEEN) for one in text.split(_BETWEEN) if one.strip()]

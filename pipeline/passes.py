"""Objects of a video in several passes over it, where all at once would take too much memory.

Every pass decodes and encodes the video again. What overlaps between passes goes to whoever is surer of it, where one
pass would weigh all objects against each other.
"""

from __future__ import annotations

from collections.abc import Mapping


def split(groups: Mapping[str, str], most: int) -> list[frozenset[str]]:
    """Parts of at most ``most`` objects, even in size; objects of one group stay together where they can.

    Args:
        groups: object id → group, or empty.
        most: 0 for all in one part.

    >>> [sorted(part) for part in split({"a": "x", "b": "", "c": "x", "d": ""}, 3)]
    [['b', 'd'], ['a', 'c']]
    """
    order = sorted(groups, key=lambda object_id: (groups[object_id], object_id))
    n_parts = -(-len(order) // most) if most else 1
    size = -(-len(order) // n_parts)
    return [frozenset(order[start : start + size]) for start in range(0, len(order), size)]

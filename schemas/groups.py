"""Which objects exclude each other: those of one group share no pixel, as two people do not.

A group ``g/o`` is that of another name for object ``o`` of group ``g``, as "man" for the man that a narrative is about:
it shares no pixel with the others of ``g`` either, but may well cover ``o``, and takes nothing from any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


def another_name(group: str, object_id: str) -> str:
    """The group of another name for an object of ``group``.

    >>> another_name("actors", "a0")
    'actors/a0'
    """
    return f"{group}/{object_id}"


def exclusive_objects(object_id: str, others: Iterable[str], groups: Mapping[str, str]) -> list[str]:
    """Those of ``others`` that exclude an object, sorted; ``groups`` is object id → group, or empty.

    >>> groups = {"a0": "actors", "a1": "actors", "a0n0": "actors/a0", "a0n1": ""}
    >>> [exclusive_objects(object_id, groups, groups) for object_id in groups]
    [['a1'], ['a0'], ['a1'], []]
    """
    group, _, same = groups.get(object_id, "").partition("/")
    return sorted(i for i in others if group and i not in (object_id, same) and groups.get(i, "") == group)


def exclusion_sets(ids: Iterable[str], groups: Mapping[str, str]) -> Iterator[tuple[list[str], list[str]]]:
    """Sorted ids whose masks are compared, and those of them that this decides; every id is decided once.

    >>> groups = {"a0": "actors", "a1": "actors", "a0n0": "actors/a0", "a0n1": ""}
    >>> for compared, decided in exclusion_sets(groups, groups):
    ...     print(compared, decided)
    ['a0n1'] ['a0n1']
    ['a0', 'a1'] ['a0', 'a1']
    ['a0n0', 'a1'] ['a0n0']
    """
    members: dict[str, list[str]] = {}
    for object_id in sorted(ids):
        members.setdefault(groups.get(object_id, ""), []).append(object_id)
    for group, own in sorted(members.items()):
        if group and "/" not in group:
            yield own, own
            continue
        known = members.get(group.partition("/")[0], []) if group else []
        for object_id in own:
            yield sorted([object_id, *exclusive_objects(object_id, known, groups)]), [object_id]

"""A JSON document with lists that are too long for memory, written piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping


def document(head: Mapping[str, object], lists: Mapping[str, Iterable[object]]) -> Iterator[bytes]:
    """The pieces of one JSON object: first the fields of ``head``, then a list under every name of ``lists``.

    >>> json.loads(b"".join(document({"info": {}}, {"videos": [1, 2], "none": []})))
    {'info': {}, 'videos': [1, 2], 'none': []}
    """
    before = "{\n"
    for name, value in head.items():
        yield f"{before}{json.dumps(name)}: {json.dumps(value)}".encode("ascii")
        before = ",\n"
    for name, values in lists.items():
        yield f"{before}{json.dumps(name)}: [".encode("ascii")
        yield from _values(values)
        yield b"\n]"
        before = ",\n"
    yield b"\n}\n"


def _values(values: Iterable[object]) -> Iterator[bytes]:
    before = "\n"
    for value in values:
        yield f"{before}{json.dumps(value)}".encode("ascii")
        before = ",\n"

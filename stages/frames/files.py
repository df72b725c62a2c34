"""Opening files, local or through an opener."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from stages.frames.errors import DecodeError

Opener = Callable[[str], BinaryIO]
"""Opens a path for reading, binary and seekable; raises an OSError."""


def open_local(path: str) -> BinaryIO:
    """The opener of local files."""
    return Path(path).open("rb")


@contextmanager
def readable(uri: str, opener: Opener) -> Iterator[BinaryIO]:
    """``uri`` opened, not empty, at its start."""
    try:
        stream = opener(uri)
    except FileNotFoundError:
        raise DecodeError("missing_file", f"{uri!r} is not there") from None
    except OSError as problem:
        raise DecodeError("unreadable", f"{uri!r} cannot be opened: {problem}") from problem
    with stream:
        if not stream.read(1):
            raise DecodeError("empty_file", f"{uri!r} has zero bytes")
        stream.seek(0)
        yield stream

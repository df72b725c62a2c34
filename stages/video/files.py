"""Opening files, local or through an opener."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from stages.video.errors import DecodeError

Opener = Callable[[str], BinaryIO]
"""Opens a path for reading, binary and seekable; raises an OSError."""


def open_local(path: str) -> BinaryIO:
    """The opener of local files."""
    return Path(path).open("rb")


class WatchedFile:
    """A file for FFmpeg, which cannot pass on why reading failed: it seems to end there and remembers the problem."""

    def __init__(self, uri: str, stream: BinaryIO) -> None:
        self.name = uri
        self._stream = stream
        self._problem: OSError | None = None

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; none at the end and after a problem."""
        if self._problem is None:
            try:
                return self._stream.read(size)
            except OSError as problem:
                self._problem = problem
        return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of any file."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """As of any file."""
        return self._stream.tell()

    @property
    def n_bytes(self) -> int:
        """Of the whole file."""
        here = self.tell()
        self.seek(0, os.SEEK_END)
        length = self.tell()
        self.seek(here)
        return length

    def piece(self, start: int, size: int) -> bytes:
        """``size`` bytes from ``start`` on, or fewer."""
        here = self.tell()
        self.seek(start)
        content = self.read(size)
        self.seek(here)
        return content

    def require_sound(self) -> None:
        """Raise DecodeError ``unreadable`` when reading failed on the way."""
        if self._problem is not None:
            raise _unreadable(self.name, self._problem) from self._problem


@contextmanager
def open_watched(uri: str, opener: Opener) -> Iterator[WatchedFile]:
    """``uri`` opened at its start.

    Raises:
        DecodeError: ``missing_file``, ``unreadable`` or ``empty_file``.
    """
    with _opened(uri, opener) as stream:
        file = WatchedFile(uri, stream)
        if not file.read(1):
            file.require_sound()
            raise DecodeError("empty_file", f"{uri!r} has zero bytes")
        file.seek(0)
        yield file


def read_bytes(uri: str, opener: Opener) -> bytes:
    """The whole file.

    Raises:
        DecodeError: ``missing_file`` or ``unreadable``.
    """
    with _opened(uri, opener) as stream:
        try:
            return stream.read()
        except OSError as problem:
            raise _unreadable(uri, problem) from problem


@contextmanager
def _opened(uri: str, opener: Opener) -> Iterator[BinaryIO]:
    try:
        stream = opener(uri)
    except FileNotFoundError:
        raise DecodeError("missing_file", f"there is no file {uri!r}") from None
    except OSError as problem:
        raise _unreadable(uri, problem) from problem
    with stream:
        yield stream


def _unreadable(uri: str, problem: OSError) -> DecodeError:
    return DecodeError("unreadable", f"{uri!r} cannot be read: {problem}")

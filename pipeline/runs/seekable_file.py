"""A file that is read at positions: parts of an object in a store, or a local copy that several readers share."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any, BinaryIO


class SeekableFile(io.RawIOBase):
    """A seekable file over a function that reads ``n`` bytes, or fewer, at a position; none at the end."""

    def __init__(self, read_at: Callable[[int, int], bytes], n_bytes: int) -> None:
        self._read_at, self._n_bytes, self._position = read_at, n_bytes, 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """As of any file."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of any file."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._n_bytes}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """As of any raw file."""
        wanted = min(len(buffer), self._n_bytes - self._position)
        content = self._read_at(self._position, wanted) if wanted > 0 else b""
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)


def buffered(read_at: Callable[[int, int], bytes], n_bytes: int, buffer_bytes: int) -> BinaryIO:
    """The same as a buffered file."""
    return io.BufferedReader(SeekableFile(read_at, n_bytes), buffer_bytes)

"""Packed trust maps that wait in a file: those of a crowded video would fill the memory of a worker."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from schemas.elements import ObjectFrame


class StoredMaps(Mapping[ObjectFrame, bytes]):
    """Packed maps by object and frame, in an open file; they travel to another process as a plain dict."""

    def __init__(self, file: BinaryIO) -> None:
        """Hold none yet.

        Args:
            file: empty, or with what :meth:`place` is going to tell of; it is closed with this object.
        """
        self._file = file
        weakref.finalize(self, file.close)
        self._places: dict[ObjectFrame, tuple[int, int]] = {}
        self._end = 0

    @classmethod
    def in_folder(cls, folder: Path | None) -> StoredMaps:
        """Maps in a new file without a name, which goes with its process; in the system's folder by default."""
        return cls(TemporaryFile(dir=folder))

    def put(self, key: ObjectFrame, packed: bytes) -> None:
        """Append a map.

        Raises:
            OSError: it cannot be written.
        """
        self._file.write(packed)
        self.place(key, len(packed))

    def place(self, key: ObjectFrame, n_bytes: int) -> None:
        """Note that the next ``n_bytes`` of the file are a map."""
        self._places[key] = self._end, n_bytes
        self._end += n_bytes

    def __getitem__(self, key: ObjectFrame) -> bytes:
        start, n_bytes = self._places[key]
        self._file.flush()
        return os.pread(self._file.fileno(), n_bytes, start)

    def __iter__(self) -> Iterator[ObjectFrame]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)

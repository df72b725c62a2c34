"""Videos of a store, decoded from a copy on this machine, for every pass over them starts again."""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from pipeline.runs.seekable_file import buffered
from pipeline.runs.storage import copy_object, is_remote, read_object
from stages.video.corpus import FRAME_EXTENSIONS

KEPT = 2
"""Copies that a process keeps at most: a video is worked on from its first pass to its last before the next one."""
_BUFFER_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class VideoOpener:
    """Opens local videos as they are and those of a store as copies; frames, which are small, are read into memory.

    A copy has no name: it goes with its process, however that ends.

    Attributes:
        folder: for copies; the system's own by default.
    """

    folder: Path | None = None

    def __call__(self, uri: str) -> BinaryIO:
        """The file, binary and seekable."""
        if not is_remote(uri):
            return Path(uri).open("rb")
        if uri.lower().endswith(FRAME_EXTENSIONS):
            return BytesIO(read_object(uri))
        copy = _COPIES.of(uri, self.folder)
        return buffered(copy.read_at, copy.n_bytes, _BUFFER_BYTES)


class _Copy:
    """A file without a name; it is there as long as somebody has this object."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.n_bytes = os.fstat(descriptor).st_size
        weakref.finalize(self, os.close, descriptor)

    def read_at(self, start: int, n_bytes: int) -> bytes:
        """At most ``n_bytes`` from ``start`` on."""
        return os.pread(self._descriptor, n_bytes, start)


@dataclass(slots=True)
class _Copies:
    """The copies of this process, the latest last."""

    _kept: OrderedDict[str, _Copy] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, uri: str, folder: Path | None) -> _Copy:
        with self._lock:
            if uri not in self._kept:
                while len(self._kept) >= KEPT:
                    self._kept.popitem(last=False)  # whoever reads it still has it
                self._kept[uri] = _copied(uri, folder)
            self._kept.move_to_end(uri)
            return self._kept[uri]


_COPIES = _Copies()


def _copied(uri: str, folder: Path | None) -> _Copy:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder) as file:
        copy_object(uri, file)
        file.flush()
        return _Copy(os.dup(file.fileno()))

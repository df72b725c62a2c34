"""Videos of a store, decoded from a copy on this machine, for every pass over them starts again."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from pipeline.runs.positioned import buffered
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
        return buffered(partial(_read_copy, copy), os.fstat(copy.fileno()).st_size, _BUFFER_BYTES)


@dataclass(slots=True)
class _Copies:
    """The copies of this process, the latest last."""

    _kept: OrderedDict[str, IO[bytes]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, uri: str, folder: Path | None) -> IO[bytes]:
        with self._lock:
            if uri not in self._kept:
                while len(self._kept) >= KEPT:
                    self._kept.popitem(last=False)  # whoever reads it still has it
                self._kept[uri] = _copied(uri, folder)
            self._kept.move_to_end(uri)
            return self._kept[uri]


_COPIES = _Copies()


def _copied(uri: str, folder: Path | None) -> IO[bytes]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    copy: IO[bytes] = TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as it is kept
    copy_object(uri, copy)  # type: ignore[arg-type]
    copy.flush()
    return copy


def _read_copy(copy: IO[bytes], start: int, n_bytes: int) -> bytes:
    return os.pread(copy.fileno(), n_bytes, start)

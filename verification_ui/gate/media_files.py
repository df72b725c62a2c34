"""Files of the media folder, opened so that no link is followed, whenever it was put there."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starlette.responses import Response

from verification_ui.gate.refusals import Refusal
from verification_ui.page.media_paths import QUEUE

_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class MediaFiles:
    """The pictures and clips of a run's queue.

    Attributes:
        folder: the media folder; only its ``queue`` subfolder is served.
    """

    folder: Path

    def respond(self, name: str, wanted: str | None) -> Response:
        """A file, or the part of it that a ``Range`` header asks for.

        Raises:
            Refusal: it is not a picture or a clip of the queue, or a link leads to it.
        """
        with self._opened(name) as (file, kind):
            size = os.fstat(file.fileno()).st_size
            headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, max-age=3600"}
            part = _part(wanted, size)
            if part is None:
                return Response(file.read(), media_type=kind, headers=headers)
            start, end = part
            file.seek(start)
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
            return Response(file.read(end - start), 206, media_type=kind, headers=headers)

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[BinaryIO, str]]:
        parts = name.split("/")
        kind = _TYPES.get(Path(parts[-1]).suffix)
        if kind is None or len(parts) < 2 or parts[0] != QUEUE or not all(_PART.fullmatch(part) for part in parts):
            raise Refusal(f"{name!r} is not a picture or a clip of the queue")
        try:
            descriptor = _open_below(self.folder, parts)
        except OSError:
            raise Refusal(f"{name!r} is not there, or a symbolic link leads to it", 404) from None
        with closing(os.fdopen(descriptor, "rb")) as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refusal(f"{name!r} is not a file", 404)
            yield file, kind


def _open_below(folder: Path, parts: list[str]) -> int:
    """A descriptor of the file; each folder on the way is opened by itself, and none of it through a link."""
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = below
        return os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
    finally:
        os.close(here)


def _part(wanted: str | None, size: int) -> tuple[int, int] | None:
    """(first byte, last byte + 1) of a satisfiable single range, else None: the whole file is a right answer too.

    >>> _part("bytes=2-4", 10), _part("bytes=-3", 10), _part("bytes=8-", 10), _part("bytes=20-", 10), _part(None, 10)
    ((2, 5), (7, 10), (8, 10), None, None)
    """
    found = _RANGE.fullmatch(wanted or "")
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    return (start, end) if start < end else None

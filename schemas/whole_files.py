"""Files that are whole or absent: the one place where results are written.

A local file is written under a temporary name and renamed into place; an object of a store appears when it is sent.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from schemas.remote_paths import AnyPath, RemotePath

_TEMPORARY = re.compile(r"\..*\.(\d+)-[0-9a-f]{8}\.tmp")
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


@contextmanager
def whole_file(path: AnyPath, mode: int = 0o666, is_synced: bool = True) -> Iterator[BinaryIO]:
    """A file to write; it takes the place of ``path`` when the block ends well, and is removed when it does not.

    Its temporary name begins with a dot, so that readers of Parquet folders pass it over, and holds the process id and
    a random part, so that two commands never write the same one. Symbolic links are not followed. What is not
    ``is_synced`` may be empty after a power failure. Mode and synchronization are of local files.

    Raises:
        OSError: it cannot be written, e.g. because the disk is full; the error names ``path``.
    """
    if isinstance(path, RemotePath):
        with path.written_whole() as content:
            yield content
        return
    with (
        _renamed_into(path) as temporary,
        os.fdopen(os.open(temporary, _NEW_FILE, mode), "wb") as file,
    ):
        yield file
        file.flush()
        if is_synced:
            os.fsync(file.fileno())


@contextmanager
def whole_path(path: AnyPath) -> Iterator[Path]:
    """As :func:`whole_file`, for those who write by name and read what they wrote: the temporary file's path.

    Raises:
        OSError: it cannot be written.
    """
    if isinstance(path, RemotePath):
        with TemporaryDirectory() as folder, path.written_whole() as content:
            yield Path(folder, path.name)
            with Path(folder, path.name).open("rb") as draft:
                shutil.copyfileobj(draft, content)
        return
    with _renamed_into(path) as temporary:
        yield temporary


def write_whole(path: AnyPath, content: bytes, mode: int = 0o666, is_synced: bool = True) -> None:
    """Write ``content`` to ``path``, whole or not at all."""
    with whole_file(path, mode, is_synced) as file:
        file.write(content)


def left_behind(folder: AnyPath) -> Iterable[Path]:
    """Temporary files in ``folder`` (not below it) that nobody writes any more: their process has ended.

    A store has none: what is not sent as a whole is not there.
    """
    if isinstance(folder, RemotePath):
        return
    for path in sorted(folder.glob(".*.tmp")):
        named = _TEMPORARY.fullmatch(path.name)
        if named is None or not _is_alive(int(named[1])):
            yield path


@contextmanager
def _renamed_into(path: Path) -> Iterator[Path]:
    """A name beside ``path`` for a file that takes its place when the block ends well, and is removed otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    try:
        yield temporary
        temporary.rename(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True

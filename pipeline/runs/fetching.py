"""Files of an object store brought to this machine for as long as they are needed."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory

from pipeline.terminal.bar import bar
from pipeline.terminal.console import UsageProblem
from schemas.remote_paths import AnyPath, RemotePath

_COPY_BYTES, _AT_ONCE = 1 << 22, 8
"""A client of S3 keeps ten connections."""
_UNNAMABLE = {errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EINVAL}
"""Of a name that is too long, or that is a file and a folder: a store tells ``a`` from ``a/b``."""


@contextmanager
def on_disk(path: AnyPath) -> Iterator[Path]:
    """A local path as it is; an object, or all objects of a folder, in a temporary folder of this machine.

    Objects are fetched several at once, since each waits for the store; the terminal shows how many are there.

    Raises:
        UsageProblem: there is no such object or folder.
    """
    if isinstance(path, Path):
        yield path
        return
    with TemporaryDirectory(prefix="pointvos-") as folder:
        root = Path(folder) / path.name
        found = {path: root} if path.is_file() else _targets(path, root)
        if not found:
            raise UsageProblem(f"there is no object {path}, and none below it")
        with ThreadPoolExecutor(_AT_ONCE) as pool, bar(f"Fetching {path}", len(found)) as advance:
            for _ in pool.map(_fetch, found, found.values()):
                advance(1)
        yield root


def _targets(folder: RemotePath, root: Path) -> dict[RemotePath, Path]:
    """The objects below a folder, and where they go; one whose name ends in a slash stands for a folder."""
    return {remote: _inside(root, remote, folder) for remote in sorted(folder.rglob("*")) if remote.name}


def _inside(root: Path, remote: RemotePath, folder: RemotePath) -> Path:
    """Where an object goes; a name that leads out of the folder, or to the file of another object, is refused."""
    name = remote.address.removeprefix(f"{folder.address}/")
    if {"", ".", ".."} & set(name.split("/")):
        raise _unnamable(remote, "a part of it is empty or dots")
    return root / name


def _fetch(remote: RemotePath, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = target.open("wb")
    except ValueError as problem:
        raise _unnamable(remote, str(problem)) from None
    except OSError as problem:
        if problem.errno not in _UNNAMABLE:
            raise
        raise _unnamable(remote, str(problem.strerror)) from None
    with copy, remote.open() as source:
        copyfileobj(source, copy, _COPY_BYTES)


def _unnamable(remote: RemotePath, why: str) -> UsageProblem:
    return UsageProblem(f"the object {str(remote)!r} has a name that no file can have ({why}); rename it")

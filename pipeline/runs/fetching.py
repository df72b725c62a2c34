"""Files of an object store brought to this machine for as long as they are needed."""

from __future__ import annotations

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
    """Where an object goes; a name that leads out of the folder is refused."""
    name = remote.relative_to(folder)
    if name.is_absolute() or ".." in name.parts:
        raise UsageProblem(f"the object {remote} has a name that no file can have; rename it")
    return root / name


def _fetch(remote: RemotePath, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with remote.open() as source, target.open("wb") as copy:
        copyfileobj(source, copy, _COPY_BYTES)

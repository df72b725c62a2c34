"""Files of an object store brought to this machine for as long as they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory

from pipeline.terminal.console import UsageProblem
from schemas.remote_paths import AnyPath, RemotePath

_COPY_BYTES = 1 << 22


@contextmanager
def on_disk(path: AnyPath) -> Iterator[Path]:
    """A local path as it is; an object, or all objects of a folder, in a temporary folder of this machine.

    Raises:
        UsageProblem: there is no such object or folder.
    """
    if isinstance(path, Path):
        yield path
        return
    with TemporaryDirectory(prefix="pointvos-") as folder:
        root = Path(folder) / path.name
        for remote in [path] if path.is_file() else sorted(path.rglob("*")):
            if remote.name:
                _fetch(remote, root if remote == path else _inside(root, remote, path))
        if not root.exists():
            raise UsageProblem(f"there is no object {path}, and none below it")
        yield root


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

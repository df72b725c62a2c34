"""The folder that an export writes: only an empty one or one of ours, every file whole or absent."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from fnmatch import fnmatch

from schemas.remote_paths import AnyPath, RemotePath
from schemas.whole_files import write_whole

MARK = ".pointvos-export"
"""A file that says that the folder was made by an export and may be made again."""


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """A folder that an export fills."""

    path: AnyPath

    @classmethod
    def prepare(cls, path: AnyPath) -> ExportTarget:
        """Make the folder, or empty it when an earlier export made it.

        Raises:
            FileExistsError: it holds something that no export made.
        """
        target = cls(path)
        if not target._is_ours():
            raise FileExistsError(f"{path} is not empty and was not made by an export; choose another --out")
        path.mkdir(parents=True, exist_ok=True)
        target.write(MARK, b"made by pointvos export; everything in this folder is replaced by the next export\n")
        target._empty()
        return target

    def _is_ours(self) -> bool:
        """An export was here, or one that was killed before its mark had its name; or nobody was."""
        if (self.path / MARK).is_file():
            return True
        if isinstance(self.path, RemotePath):
            return not (self.path.is_file() or self.path.is_dir())
        if not self.path.exists():
            return True
        return self.path.is_dir() and all(fnmatch(entry.name, f".{MARK}.*tmp") for entry in self.path.iterdir())

    def _empty(self) -> None:
        """Remove everything but the mark."""
        if isinstance(self.path, RemotePath):
            self.path.unlink_all(old for old in self.path.rglob("*") if old != self.path / MARK)
            return
        for old in self.path.iterdir():
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            elif old.name != MARK:
                old.unlink()

    def write(self, name: str, content: bytes) -> None:
        """Write one file, whole or not at all."""
        write_whole(self.path / name, content, is_synced=False)

    def parts(self, name: str, pattern: str) -> list[AnyPath]:
        """The files directly in a folder of the export whose names match a pattern, in order."""
        found: list[AnyPath] = [*(self.path / name).glob(pattern)]
        return sorted(found, key=str)

    def remove(self, name: str) -> None:
        """Remove a folder of the export with all that is in it."""
        folder = self.path / name
        if isinstance(folder, RemotePath):
            folder.unlink_all(folder.rglob("*"))
        else:
            shutil.rmtree(folder, ignore_errors=True)

    def link(self, name: str, there: str) -> None:
        """Give a file that was written another name; where the file system or the store has no links, a copy of it."""
        path = self.path / name
        if isinstance(path, RemotePath):
            self.write(name, (self.path / there).read_bytes())
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        try:
            path.hardlink_to(str(self.path / there))
        except OSError:
            self.write(name, (self.path / there).read_bytes())

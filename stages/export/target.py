"""The folder that an export writes: only an empty one or one of ours, every file whole or absent."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from schemas.whole_files import write_whole

MARK = ".pointvos-export"
"""A file that says that the folder was made by an export and may be made again."""


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """A folder that an export fills."""

    path: Path

    @classmethod
    def prepare(cls, path: Path) -> ExportTarget:
        """Make the folder, or empty it when an earlier export made it.

        Raises:
            FileExistsError: it holds something that no export made.
        """
        if path.exists() and (not path.is_dir() or not cls(path)._is_ours()):
            raise FileExistsError(f"{path} is not empty and was not made by an export; choose another --out")
        path.mkdir(parents=True, exist_ok=True)
        target = cls(path)
        target.write(MARK, b"made by pointvos export; everything in this folder is replaced by the next export\n")
        for old in path.iterdir():
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            elif old.name != MARK:
                old.unlink()
        return target

    def _is_ours(self) -> bool:
        """An export was here, or one that was killed before its mark had its name; or nobody was."""
        found = {entry.name for entry in self.path.iterdir()}
        return (self.path / MARK).is_file() or all(fnmatch(name, f".{MARK}.*tmp") for name in found)

    def write(self, name: str, content: bytes) -> None:
        """Write one file, whole or not at all."""
        write_whole(self.path / name, content, is_synced=False)

    def link(self, name: str, there: str) -> None:
        """Give a file that was written another name; where the file system has no links, a copy of it."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        try:
            path.hardlink_to(self.path / there)
        except OSError:
            self.write(name, (self.path / there).read_bytes())

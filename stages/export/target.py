"""The folder that an export writes: only an empty one or one of ours, every file whole or absent."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

MARK = ".pointvos-export"
"""A file that says that the folder was made by an export and may be made anew."""


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
        if path.exists() and (not path.is_dir() or (any(path.iterdir()) and not (path / MARK).is_file())):
            raise FileExistsError(f"{path} is not empty and was not made by an export; choose another --out")
        path.mkdir(parents=True, exist_ok=True)
        for old in path.iterdir():
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            elif old.name != MARK:
                old.unlink()
        target = cls(path)
        target.write(MARK, b"made by pointvos export; everything in this folder is replaced by the next export\n")
        return target

    def write(self, name: str, content: bytes) -> None:
        """Write one file under a temporary name, then rename it."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.tmp")
        temporary.write_bytes(content)
        temporary.replace(file)

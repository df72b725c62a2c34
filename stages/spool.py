"""What waits on disk for the way back, one file a frame, gone once it is taken; shared ground."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Spool:
    """Arrays by key in a folder of its own that is made on first use; only one thread at a time may take from it.

    Two at once fail now and then: NumPy reads headers with ``ast.literal_eval``, which loses count of its depth when
    threads change in the middle of it (CPython 3.11, gh-106905).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write ``arrays`` under ``key``.

        Raises:
            OSError: the folder cannot be written, or the disk is full.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        np.savez(self._path(key), allow_pickle=False, **arrays)

    def take(self, key: str) -> dict[str, NDArray[Any]]:
        """Read the arrays under ``key`` and delete their file."""
        path = self._path(key)
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        path.unlink()
        return arrays

    def clear(self) -> None:
        """Delete what was not taken, and the folder."""
        for path in self._folder.glob("*.npz"):
            path.unlink()
        if self._folder.is_dir():
            self._folder.rmdir()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.npz"

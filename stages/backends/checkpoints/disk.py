"""Room on the disk, asked for before it is needed."""

from __future__ import annotations

import shutil
from pathlib import Path

from stages.backends.checkpoints.errors import DownloadError

_SPARE = 64 << 20


def require_space(folder: Path, n_bytes: int, spare: int = _SPARE) -> None:
    """Raise DownloadError when ``folder`` has no room for ``n_bytes`` more and ``spare`` beside them."""
    free = shutil.disk_usage(folder).free
    if free < n_bytes + spare:
        raise DownloadError(
            f"{folder} has {free / 1e6:,.0f} MB free, and {(n_bytes + spare) / 1e6:,.0f} MB are needed; "
            "free some space, or set POINTVOS_CACHE to a folder on another disk"
        )

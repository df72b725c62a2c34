"""Figures of a command as a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from schemas.remote_paths import AnyPath
from schemas.whole_files import write_whole


def write_json(path: AnyPath, figures: Any) -> None:
    """Write figures, whole or not at all; to a device or a pipe, such as ``/dev/stdout``, as it is.

    Raises:
        OSError: it cannot be written.
    """
    content = json.dumps(figures, indent=1).encode() + b"\n"
    if isinstance(path, Path) and path.exists() and not path.is_file():
        path.write_bytes(content)
    else:
        write_whole(path, content)

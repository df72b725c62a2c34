"""Opening localization files: text and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stages.ingest.errors import IngestError


def read_text(path: Path) -> str:
    """The whole file, UTF-8 with or without a byte order mark.

    Raises:
        IngestError: ``missing_file``, ``unreadable``, ``empty_file`` or ``not_text``.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise IngestError("missing_file", f"there is no localization file {str(path)!r}") from None
    except OSError as problem:
        raise IngestError("unreadable", f"{str(path)!r} cannot be read: {problem}") from problem
    except UnicodeDecodeError as problem:
        raise IngestError("not_text", f"{str(path)!r} is not UTF-8 text: {problem}") from None
    if not content.strip():
        raise IngestError("empty_file", f"{str(path)!r} is empty")
    return content


def read_json(path: Path) -> Any:
    """The file as JSON.

    Raises:
        IngestError: as :func:`read_text`, ``not_json`` or ``duplicate_key``.
    """
    return parse_json(read_text(path), str(path))


def parse_json(content: str, source: str) -> Any:
    """``content`` as JSON; ``source`` names it in messages. A key given twice is refused, not half read."""
    try:
        return json.loads(content, object_pairs_hook=_unique_keys)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise IngestError("not_json", f"{source!r} is not JSON: {problem}") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise IngestError("duplicate_key", f"the key {twice!r} is given twice in one object; merge the two")
    return found

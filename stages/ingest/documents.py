"""Opening localization files: text and JSON."""

from __future__ import annotations

import codecs
import json
import math
from typing import Any

from schemas.remote_paths import AnyPath
from stages.ingest.errors import IngestError
from stages.ingest.fields import shown
from stages.video.corpus import VIDEO_EXTENSIONS

MAX_BYTES = 1 << 30
_BINARIES = {
    b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"PK\x03\x04": "a ZIP archive (or Excel file)",
    b"\x1f\x8b": "a gzip archive", b"%PDF": "a PDF", b"PAR1": "a Parquet table", b"\x1aE\xdf\xa3": "a video (Matroska)",
    b"GIF8": "a GIF picture", b"\x93NUMPY": "a NumPy array", b"\x80\x04\x95": "a Python pickle",
}  # fmt: skip


def read_text(path: AnyPath) -> str:
    """The whole file, UTF-8 with or without a byte order mark, or UTF-16 with one (or two); lines end in a line feed.

    Raises:
        IngestError: ``missing_file``, ``unreadable``, ``too_large``, ``empty_file`` or ``not_text``.
    """
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise IngestError("too_large", f"{str(path)!r} has {size:,} bytes; split it into files below 1 GiB")
        data = path.read_bytes()
    except FileNotFoundError:
        raise IngestError("missing_file", f"there is no localization file {str(path)!r}") from None
    except OSError as problem:
        raise IngestError("unreadable", f"{str(path)!r} cannot be read: {problem.strerror}") from problem
    content = _decoded(data, path)
    if not content.strip():
        raise IngestError("empty_file", f"{str(path)!r} is empty; give a file that says where the objects are")
    return content


def _decoded(data: bytes, path: AnyPath) -> str:
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if kind := _binary_kind(data, path):
        raise IngestError("not_text", f"{str(path)!r} is {kind}; give a file of hints (CSV, JSON or JSONL)")
    try:
        content = data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as problem:
        raise IngestError(
            "not_text", f"{str(path)!r} is not UTF-8 text (byte {problem.start}); save it as UTF-8"
        ) from None
    if "\0" in content:
        raise IngestError("not_text", f"{str(path)!r} is binary, or UTF-16 without a mark; save it as UTF-8 text")
    return content.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _binary_kind(data: bytes, path: AnyPath) -> str:
    if path.suffix.lower() in VIDEO_EXTENSIONS or data[4:8] == b"ftyp":
        return "a video"
    return next((kind for start, kind in _BINARIES.items() if data.startswith(start)), "")


def read_json(path: AnyPath) -> Any:
    """The file as JSON.

    Raises:
        IngestError: as :func:`read_text`, ``not_json`` or ``duplicate_key``.
    """
    return parse_json(read_text(path), str(path))


def parse_json(content: str, source: str) -> Any:
    """``content`` as JSON; ``source`` names it in messages. A key given twice is refused, not half read.

    An integer of more digits than Python converts becomes infinite, so that only its entry is rejected.
    """
    try:
        try:
            return json.loads(content, object_pairs_hook=_unique_keys)
        except ValueError as problem:
            if isinstance(problem, IngestError | json.JSONDecodeError):
                raise
            return json.loads(content, object_pairs_hook=_unique_keys, parse_int=_integer)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise IngestError("not_json", f"{source!r} is not valid JSON: {problem}") from None


def _integer(digits: str) -> float:
    return int(digits) if len(digits) < 400 else math.inf


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise IngestError("duplicate_key", f"the key {shown(key)} is given twice in one object; merge the two")
            seen.add(key)
    return found

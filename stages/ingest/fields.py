"""Typed access to fields of untyped JSON and CSV entries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from schemas.coords import frame_stem_to_idx
from stages.ingest.errors import IngestError


def field(entry: Any, name: str) -> Any:
    """The value under ``name``; IngestError when ``entry`` is no object or has no such field."""
    entry = mapping(entry, f"an object with the field {name!r}")
    if name not in entry:
        raise IngestError("missing_field", f"field {name!r} is missing; there are {', '.join(map(str, entry))}")
    return entry[name]


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """``value``, which must be a JSON object; ``what`` is expected there."""
    if not isinstance(value, Mapping):
        raise IngestError("malformed", f"expected {what}, found {_shown(value)}")
    return value


def items(entry: Any, name: str) -> Sequence[Any]:
    """A list under ``name``."""
    return listed(field(entry, name), name)


def listed(value: Any, name: str) -> Sequence[Any]:
    """``value``, which must be a list."""
    if not isinstance(value, list):
        raise IngestError("malformed", f"{name} is {_shown(value)}, not a list")
    return value


def text(entry: Any, name: str) -> str:
    """A non-empty text under ``name``; a whole number is taken as its digits."""
    value = identifier(field(entry, name))
    if value is None:
        raise IngestError("malformed", f"field {name!r} is {_shown(entry[name])}, not a name")
    return value


def optional_text(entry: Any, name: str) -> str:
    """A text under ``name``, or an empty one."""
    return identifier(entry.get(name)) or "" if isinstance(entry, Mapping) else ""


def identifier(value: Any) -> str | None:
    """``value`` as an id: text as it is, a whole number as its digits; None for all else."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: Any, name: str) -> float:
    """A finite number, also one written as text (CSV)."""
    try:
        found = float("no" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        raise IngestError("malformed", f"{name} is {_shown(value)}, not a number") from None
    if not math.isfinite(found):
        raise IngestError("not_finite", f"{name} is {found}; coordinates must be finite numbers")
    return found


def whole(value: Any, name: str) -> int:
    """A whole number."""
    found = number(value, name)
    if found != int(found):
        raise IngestError("malformed", f"{name} is {_shown(value)}, not a whole number")
    return int(found)


def frame_idx(value: Any) -> int:
    """A 0-based decode index: a whole number, or a frame file name such as ``00012.jpg`` or ``img_0000003``."""
    try:
        idx = frame_stem_to_idx(PurePosixPath(value).stem) if isinstance(value, str) else whole(value, "frame")
    except IngestError:
        raise
    except ValueError as problem:
        raise IngestError("bad_frame", str(problem)) from None
    if idx < 0:
        raise IngestError("bad_frame", f"frame {idx} is negative; frames count from 0")
    return idx


def xy(value: Any, name: str) -> tuple[float, float]:
    """A pair [x, y] of finite numbers."""
    pair = listed(value, name)
    if len(pair) != 2:
        raise IngestError("malformed", f"{name} is {_shown(value)}, not [x, y]")
    return number(pair[0], f"x of {name}"), number(pair[1], f"y of {name}")


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."

"""Typed access to fields of untyped JSON and CSV entries."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from reprlib import Repr
from typing import Any

from schemas.coords import frame_stem_to_idx
from schemas.limits import MAX_INDEX
from stages.ingest.errors import IngestError
from stages.video.frame_names import frame_stem

_LARGEST = 1 << 53
"""Whole numbers above this are not exact as JSON numbers of other programs."""
_SHOWN_KEYS = 12
_LONGEST_NAME_BYTES = 255
"""Of a file, on every common file system."""


def field(entry: Any, name: str) -> Any:
    """The value under ``name``; IngestError when ``entry`` is not an object or has no such field."""
    entry = mapping(entry, f"an object with the field {name!r}")
    if name not in entry:
        there = f"there are {shown_keys(entry)}" if entry else "it has no fields"
        raise IngestError("missing_field", f"field {name!r} is missing; {there}{did_you_mean([name], entry)}")
    return entry[name]


def shown_keys(keys: Iterable[str]) -> str:
    """The first of ``keys``, in quotes.

    >>> shown_keys(["frame", "pionts"])
    "'frame', 'pionts'"
    """
    first = list(keys)[: _SHOWN_KEYS + 1]
    return ", ".join([*(shown(key) for key in first[:_SHOWN_KEYS]), *(["..."] if len(first) > _SHOWN_KEYS else [])])


def did_you_mean(wanted: Iterable[str], found: Iterable[str]) -> str:
    """Which of the keys ``found`` look like a misspelt one of ``wanted``, as the end of a sentence; else nothing.

    >>> did_you_mean(["points"], ["frame", "Pionts"])
    "; write 'points' instead of 'Pionts'"
    """
    by_lower = {key.lower(): key for key in list(found)[:1000] if len(key) <= 100}
    pairs = [(name, by_lower[close]) for name in wanted for close in get_close_matches(name, by_lower, 1, 0.7)]
    changes = [f"{name!r} instead of {key!r}" for name, key in pairs if key != name]
    return f"; write {', '.join(changes)}" if changes else ""


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """``value``, which must be a JSON object; ``what`` is expected there."""
    if not isinstance(value, Mapping):
        raise IngestError("malformed", f"expected {what}, found {shown(value)}")
    return value


def items(entry: Any, name: str) -> Sequence[Any]:
    """A list under ``name``."""
    return listed(field(entry, name), name)


def listed(value: Any, name: str) -> Sequence[Any]:
    """``value``, which must be a list."""
    if not isinstance(value, list):
        raise IngestError("malformed", f"{name} is {shown(value)}, not a list")
    return value


def text(entry: Any, name: str) -> str:
    """A non-empty text under ``name``; a whole number is taken as its digits."""
    value = identifier(field(entry, name))
    if value is None:
        raise IngestError("malformed", f"field {name!r} is {shown(entry[name])}, not a name")
    return value


def optional_text(entry: Any, name: str) -> str:
    """A text under ``name``, or an empty one."""
    return identifier(entry.get(name)) or "" if isinstance(entry, Mapping) else ""


def identifier(value: Any) -> str | None:
    """``value`` as an id: text as it is, a whole number (also 3.0) as its digits; None for all else."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST:
        return str(int(value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: Any, name: str) -> float:
    """A finite number, also one written as text (CSV)."""
    try:
        found = float("no" if isinstance(value, bool) or (isinstance(value, str) and "_" in value) else value)
    except (TypeError, ValueError):
        raise IngestError("malformed", f"{name} is {shown(value)}, not a number") from None
    except OverflowError:
        raise IngestError("not_finite", f"{name} is {shown(value)}, too large for a number") from None
    if not math.isfinite(found):
        raise IngestError("not_finite", f"{name} is {found}; coordinates must be finite numbers")
    return found


def whole(value: Any, name: str) -> int:
    """A whole number."""
    found = number(value, name)
    if found != int(found):
        raise IngestError("malformed", f"{name} is {shown(value)}, not a whole number")
    if abs(found) > _LARGEST:
        raise IngestError("too_large", f"{name} is {shown(value)}; whole numbers up to {_LARGEST:,} are read")
    return int(found)


def frame(value: Any) -> tuple[int, str]:
    """The position of a frame and an empty name, or the name of its file and what the name means in a video file.

    A number is a position, the 0-based decode index, also when it is written as text (``7``, ``"00012"``, ``"12.0"``).
    Any other text is a file name: with an extension (``00012.jpg``), or with a digit (``img_0000003``).

    >>> frame(7), frame("00012"), frame("00012.jpg"), frame("img_0000003")
    ((7, ''), (12, ''), (12, '00012.jpg'), (2, 'img_0000003'))
    """
    if isinstance(value, str) and not _is_number(value):
        return frame_named(value)
    idx = whole(value, "frame")
    if idx < 0:
        raise IngestError("bad_frame", f"frame {idx} is negative; frames count from 0")
    if idx > MAX_INDEX:
        raise IngestError("bad_frame", f"frame {idx} is beyond any video; frame numbers up to {MAX_INDEX} are read")
    return idx, ""


def frame_named(name: str) -> tuple[int, str]:
    """As :func:`frame`, for text that is always a frame's file name, with or without an extension."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    stem = frame_stem(last)
    has_form = stem != last or any(character.isdigit() for character in last)
    if not has_form or len(last.encode("utf-8", "surrogatepass")) > _LONGEST_NAME_BYTES:
        detail = f"frame {shown(name)} is neither a number, counted from 0, nor a frame's file name such as '00012.jpg'"
        raise IngestError("bad_frame", detail)
    try:
        idx = frame_stem_to_idx(stem)
    except ValueError:
        return 0, last
    return (idx if idx <= MAX_INDEX else 0), last


def _is_number(value: str) -> bool:
    return re.fullmatch(r"\s*[+-]?[0-9]+(?:\.[0-9]*)?\s*", value) is not None


def xy(value: Any, name: str) -> tuple[float, float]:
    """A pair [x, y] of finite numbers."""
    pair = listed(value, name)
    if len(pair) != 2:
        raise IngestError("malformed", f"{name} is {shown(value)}, not [x, y]")
    return number(pair[0], f"x of {name}"), number(pair[1], f"y of {name}")


def shown(value: Any) -> str:
    """``value`` as Python writes it, cut where it is long or deeply nested.

    >>> shown([[[[[[[1]]]]]]]), shown("x" * 200)[-5:]
    ('[[[[[...]]]]]', "xxxx'")
    """
    found = _SHORT.repr(value)
    return found if len(found) <= 160 else f"{found[:157]}..."


_SHORT = Repr()
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxdict, _SHORT.maxstring, _SHORT.maxlong, _SHORT.maxother = 5, 8, 8, 80, 40, 80

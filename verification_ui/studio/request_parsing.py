"""What the page sends, as records; anybody could have written it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from schemas.limits import MAX_INDEX
from verification_ui.gate.refusals import Refusal
from verification_ui.studio.records import Box, Hint, Point

_MOST_POINTS, _MOST_STROKES, _MOST_NAME = 1000, 200, 200
_MOST_PX = 1_000_000


def read_hint(content: Any) -> Hint:
    """What was drawn on one object and frame.

    Raises:
        Refusal: it is not what the page sends.
    """
    body = _mapping(content)
    return Hint(
        object_id=read_object(body),
        frame_idx=read_frame(body),
        points=tuple(_point(one) for one in _listed(body, "points", _MOST_POINTS)),
        box=_box(body.get("box")),
        strokes=tuple(_path(one) for one in _listed(body, "strokes", _MOST_STROKES)),
        name=read_name(body),
    )


def read_object(content: Any) -> str:
    """The id of an object: digits, as the page counts objects, or a name that another file gave."""
    found = _mapping(content).get("object_id")
    if not isinstance(found, str) or not _is_line(found) or found in ("", "0") or found != found.strip():
        raise Refusal(f"object_id is {found!r:.80}, not an object", 400)
    return found


def read_frame(content: Any) -> int:
    """The frame that is spoken of."""
    return read_index(_mapping(content).get("frame_idx"), "frame_idx")


def read_name(content: Any) -> str:
    """The name of an object, may be empty."""
    found = _mapping(content).get("name", "")
    if not isinstance(found, str) or not _is_line(found):
        raise Refusal(f"a name is at most {_MOST_NAME} characters in one line", 400)
    return found.strip()


def _is_line(text: str) -> bool:
    return len(text) <= _MOST_NAME and not any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in text)


def read_index(value: Any, name: str) -> int:
    """A frame index."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_INDEX:
        raise Refusal(f"{name} is {value!r:.80}, not the index of a frame", 400)
    return value


def _mapping(content: Any) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise Refusal("expected a JSON object", 400)
    return content


def _listed(body: Mapping[str, Any], name: str, most: int) -> list[Any]:
    found = body.get(name, [])
    if not isinstance(found, list) or len(found) > most:
        raise Refusal(f"{name} must be a list of at most {most}", 400)
    return found


def _point(value: Any) -> tuple[float, float, int]:
    x, y, label = _numbers(value, 3)
    if label not in (0, 1):
        raise Refusal("the label of a point is 1 on the object and 0 off it", 400)
    return math.floor(x), math.floor(y), int(label)


def _box(value: Any) -> Box | None:
    if value is None:
        return None
    x0, y0, x1, y1 = _numbers(value, 4)
    if x1 <= x0 or y1 <= y0:
        raise Refusal("the box is empty", 400)
    return x0, y0, x1, y1


def _path(value: Any) -> tuple[Point, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_POINTS:
        raise Refusal(f"a stroke has 1 to {_MOST_POINTS} points", 400)
    points = [_numbers(one, 2) for one in value]
    return tuple((min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in points)


def _numbers(value: Any, n: int) -> tuple[float, ...]:
    is_list = isinstance(value, list) and len(value) == n
    if not is_list or not all(
        isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= _MOST_PX for v in value
    ):
        raise Refusal(f"expected {n} numbers, found {value!r:.80}", 400)
    return tuple(float(v) for v in value)

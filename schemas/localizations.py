"""Rough localizations: where an object is, roughly, on one frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from schemas.checks import require_index, require_storable, require_text
from schemas.run_lengths import require_rle

Points = tuple[tuple[float, float], ...]


def _finite(points: Iterable[Iterable[float]]) -> bool:
    return bool(np.isfinite(np.asarray(list(points), dtype=np.float64)).all())


def _array(points: Points) -> NDArray[np.float64]:
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Trace:
    """A mouse trace, in parts: the pointer rests or leaves the object between two parts.

    Attributes:
        parts_norm: parts of (x, y) in [0, 1], x first.
        parts_ms: the time of every point in milliseconds since the epoch, same shape.
    """

    kind: ClassVar[str] = "trace"
    parts_norm: tuple[Points, ...]
    parts_ms: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if [len(p) for p in self.parts_norm] != [len(p) for p in self.parts_ms]:
            raise ValueError("trace points and times differ in number")
        if not self.parts_norm or not all(self.parts_norm):
            raise ValueError("empty trace")
        if not all(_finite(p) for p in self.parts_norm):
            raise ValueError("trace holds NaN or infinite coordinates")

    def xy_norm(self) -> NDArray[np.float64]:
        """All points of all parts, (N, 2) float64, x first."""
        return np.concatenate([_array(p) for p in self.parts_norm])


@dataclass(frozen=True, slots=True)
class Clicks:
    """Clicks: ``xy_px`` pixel coordinates, ``labels`` 1 on the object and 0 off it."""

    kind: ClassVar[str] = "clicks"
    xy_px: Points
    labels: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.xy_px) != len(self.labels) or not self.xy_px:
            raise ValueError("clicks need one label a point and at least one point")
        if any(label not in (0, 1) for label in self.labels):
            raise ValueError(f"click labels {self.labels} are not 0 or 1")
        if not _finite(self.xy_px):
            raise ValueError("clicks hold NaN or infinite coordinates")


@dataclass(frozen=True, slots=True)
class Box:
    """A box ``xyxy_px``, half-open, in pixels."""

    kind: ClassVar[str] = "box"
    xyxy_px: tuple[float, float, float, float]

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.xyxy_px
        if not np.isfinite(self.xyxy_px).all():
            raise ValueError("box holds NaN or infinite coordinates")
        if x1 <= x0 or y1 <= y0:
            raise ValueError(f"box {self.xyxy_px} is empty; give x0 y0 x1 y1 with x1 > x0 and y1 > y0")


@dataclass(frozen=True, slots=True)
class Scribble:
    """Scribble strokes of (x, y) in [0, 1], x first; ``labels`` 1 on the object and 0 off it, one a stroke."""

    kind: ClassVar[str] = "scribble"
    strokes_norm: tuple[Points, ...]
    labels: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.strokes_norm) != len(self.labels) or not any(self.strokes_norm):
            raise ValueError("a scribble needs at least one stroke and one label a stroke")
        if not all(_finite(s) for s in self.strokes_norm):
            raise ValueError("scribble holds NaN or infinite coordinates")


@dataclass(frozen=True, slots=True)
class MaskHint:
    """A mask given by the user, as COCO compressed counts."""

    kind: ClassVar[str] = "mask"
    rle: str
    height: int
    width: int

    def __post_init__(self) -> None:
        require_rle(self.rle, self.height, self.width)


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of a mask in a file that does not tell the size of the frame; it is drawn once that is known.

    Attributes:
        parts_norm: polygons of (x, y) in [0, 1], x first, of at least three points each.
    """

    kind: ClassVar[str] = "outline"
    parts_norm: tuple[Points, ...]

    def __post_init__(self) -> None:
        if not self.parts_norm or any(len(part) < 3 for part in self.parts_norm):
            raise ValueError("an outline needs at least three points")
        if not all(_finite(part) for part in self.parts_norm):
            raise ValueError("an outline holds NaN or infinite coordinates")


@dataclass(frozen=True, slots=True)
class Expression:
    """Words that refer to the object and name no place: a localizer turns them into clicks or a box.

    Attributes:
        texts: what people call the object; several of them mean the same object.
        anywhere: look for it on several frames of the video; else on the localization's frame only.
        every: every instance is meant, each an object of its own, also those that come later in the video.
    """

    kind: ClassVar[str] = "expression"
    texts: tuple[str, ...]
    anywhere: bool = True
    every: bool = False

    def __post_init__(self) -> None:
        if not self.texts or not all(text.strip() for text in self.texts):
            raise ValueError("an expression holds no words")


SEEN = "seen"
"""The rule of a hint whose mask a person has seen and left as it is."""

Hint = Trace | Clicks | Box | Scribble | MaskHint | Outline | Expression


@dataclass(frozen=True, slots=True)
class Localization:
    """One hint for one object on one frame. Several for one object, on several frames, are used together.

    Attributes:
        video_id: as the localization file names the video until it is matched (empty when it names none), then our
            video id.
        object_id: stable within the video.
        frame_idx: 0-based decode index; 0 for an expression that may be looked for anywhere, and for a frame name that
            holds no number.
        hint: the geometry, or words that stand for it.
        object_name: a class or short name ("dog").
        expression: the words that refer to the object ("the dog on the left").
        group: objects of one non-empty group exclude each other (no pixel belongs to two of them); objects
            without a group may overlap any other, as a shirt overlaps the man who wears it (:mod:`schemas.groups`).
        rule: which rule of the format made this hint (``noun_trace``, ``actor_trace`` ...); see also ``SEEN``.
        input_uri: the file that it came from.
        frame_name: the frame's file name where the localization file gives one instead of a position, until it is
            matched to the video (then empty). It does not take part in unit hashes, which are made after matching.
        unit: of a click or box where its format has one of its own, ``fraction`` or ``percent``, until it is in pixels
            (then empty).
        noun_span: half-open offsets of a noun in the expression of its actor, in a narrative; else None. It does not
            take part in unit hashes.
    """

    video_id: str
    object_id: str
    frame_idx: int
    hint: Hint
    object_name: str = ""
    expression: str = ""
    group: str = ""
    rule: str = ""
    input_uri: str = ""
    frame_name: str = field(default="", repr=False)
    unit: str = field(default="", repr=False)
    noun_span: tuple[int, int] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require_text("object_id", self.object_id)
        require_index("frame_idx", self.frame_idx)
        for name in ("video_id", "object_id", "object_name", "expression", "frame_name"):
            require_storable(name, getattr(self, name))

    def to_row(self) -> dict[str, Any]:
        """Flat columns of the ``localizations`` table."""
        points, labels, parts, times, rle = _flatten(self.hint)
        return {
            "video_id": self.video_id,
            "object_id": self.object_id,
            "frame_idx": self.frame_idx,
            "kind": self.hint.kind,
            "x": [p[0] for p in points],
            "y": [p[1] for p in points],
            "label": labels,
            "part": parts,
            "time_ms": times,
            "rle": rle,
            "object_name": self.object_name,
            "expression": self.expression,
            "group": self.group,
            "rule": self.rule,
            "input_uri": self.input_uri,
            "noun_span": self.noun_span,
        }


def _flatten(hint: Hint) -> tuple[list[tuple[float, float]], list[int], list[int], list[int], str]:
    match hint:
        case Trace():
            points = [p for part in hint.parts_norm for p in part]
            parts = [i for i, part in enumerate(hint.parts_norm) for _ in part]
            return points, [1] * len(points), parts, [t for part in hint.parts_ms for t in part], ""
        case Clicks():
            return list(hint.xy_px), list(hint.labels), [], [], ""
        case Box():
            x0, y0, x1, y1 = hint.xyxy_px
            return [(x0, y0), (x1, y1)], [], [], [], ""
        case Scribble():
            points = [p for stroke in hint.strokes_norm for p in stroke]
            parts = [i for i, stroke in enumerate(hint.strokes_norm) for _ in stroke]
            return points, [hint.labels[i] for i in parts], parts, [], ""
        case MaskHint():
            return [], [], [], [], hint.rle
        case Outline() | Expression():
            return [], [], [], [], ""

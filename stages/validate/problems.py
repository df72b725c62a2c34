"""One broken rule, and checks that all formats share."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_VALUES = re.compile(r"""'[^']*'|"[^"]*"|\([^)]*\)|-?\d[\d.,]*""")


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule.

    Attributes:
        where: the file, and the line, row or entry in it.
        what: a sentence that names the value and says what is right.
    """

    where: str
    what: str

    @property
    def kind(self) -> str:
        """What problems of one kind have in common: the sentence without its values.

        >>> Problem("a.json", "id 7 of 'dog' is used twice").kind
        'id … of … is used twice'
        """
        return _VALUES.sub("…", self.what)


@dataclass(slots=True)
class SplitLedger:
    """Which split every video was seen in first; a video in several splits leaks."""

    _first: dict[str, str] = field(default_factory=dict)

    def problems(self, where: str, video_id: str, split: str) -> Iterator[Problem]:
        """One problem when the video was in another split before."""
        if (other := self._first.setdefault(video_id, split)) != split:
            yield Problem(where, f"video {video_id!r} is in split {split!r} and in {other!r}; keep each video in one")


def points_problems(
    where: str, x: Sequence[Any], y: Sequence[Any], label: Sequence[Any], size: tuple[int, int] | None
) -> Iterator[Problem]:
    """Points of one object on one frame: as many of each, inside, labels 0 or 1, no pixel twice.

    Args:
        where: they are.
        x: pixel indices, right.
        y: pixel indices, down.
        label: 1 on the object, 0 off it, None where nobody could tell or nobody was asked.
        size: width and height of the frame; None when unknown.
    """
    if not len(x) == len(y) == len(label):
        yield Problem(where, f"{len(x)} x, {len(y)} y and {len(label)} labels; expected as many of each")
        return
    for place in zip(x, y, strict=True):
        if not all(isinstance(value, int) and value >= 0 for value in place):
            yield Problem(where, f"point {place} is not a pixel; expected whole numbers from 0")
        elif size and not (place[0] < size[0] and place[1] < size[1]):
            yield Problem(where, f"point {place} lies outside the frame of {size[0]} x {size[1]} pixels")
    if wrong := [one for one in label if one not in (0, 1, None)]:
        yield Problem(where, f"label {wrong[0]!r} is unknown; expected 1 on the object or 0 off it")
    if twice := [place for place, n in Counter(zip(x, y, strict=True)).items() if n > 1]:
        yield Problem(where, f"pixel {twice[0]} is listed twice; keep one answer")


def picture_problems(where: str, content: bytes | None, size: tuple[int, int] | None) -> Iterator[Problem]:
    """A picture that is there, can be decoded and has the size that is said of it.

    Args:
        where: it is.
        content: of its file; None when it is missing.
        size: width and height in pixels.
    """
    if content is None:
        yield Problem(where, "the picture is missing")
        return
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            found = image.size
    except (OSError, SyntaxError, ValueError) as problem:
        yield Problem(where, f"the picture cannot be decoded ({problem}); replace it")
        return
    if size and found != size:
        yield Problem(where, f"the picture has {found[0]} x {found[1]} pixels; expected {size[0]} x {size[1]}")


def picture_size(file: Path) -> tuple[int, int] | None:
    """Width and height as its header says; None when it cannot be read."""
    try:
        with Image.open(file) as image:
            return image.size
    except (OSError, SyntaxError, ValueError):
        return None


def index_map(file: Path | BinaryIO) -> tuple[str, NDArray[Any]]:
    """Mode and (H, W) or (H, W, C) values of a PNG.

    Raises:
        OSError: it cannot be decoded.
    """
    try:
        with Image.open(file) as image:
            return image.mode, np.asarray(image)
    except (SyntaxError, ValueError) as problem:
        raise OSError(str(problem)) from None


def type_problems(where: str, value: Any, fields: Mapping[str, tuple[type, ...]]) -> Iterator[Problem]:
    """Fields that are missing or of another type; bool is not a number."""
    if not isinstance(value, dict):
        yield Problem(where, f"{str(value)[:40]!r} is not an object with the fields {', '.join(fields)}")
        return
    for name, kinds in fields.items():
        if name not in value:
            yield Problem(where, f"the field {name} is missing")
        elif not isinstance(value[name], kinds) or (isinstance(value[name], bool) and bool not in kinds):
            expected = " or ".join(kind.__name__ for kind in kinds)
            yield Problem(where, f"{name} {str(value[name])[:40]!r} is of the wrong type; expected {expected}")

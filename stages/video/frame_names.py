"""Frames by their file names; shared ground.

A mask, a hint or a ground truth that is given as a file name means the frame of that name, whatever number a folder
starts at and whatever its step or prefix. A video file has no frame names: there the number in the name is the index.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from schemas.coords import frame_stem_to_idx
from schemas.limits import MAX_INDEX

_IMAGE_EXTENSION = re.compile(r"\.(?:bmp|gif|jfif|jp2|jpe?g|pgm|png|ppm|tga|tiff?|webp)$", re.IGNORECASE)
_COMPARED = 200
"""Names that an unknown one is compared with: comparing with every name of a long video is slow."""


class FrameNameError(ValueError):
    """A name that means no frame, or several; the message says which names there are.

    Attributes:
        error: ``unknown_frame``, ``ambiguous_frame`` or ``bad_frame``.
    """

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error


def frame_stem(name: str) -> str:
    """A file name without its folder and the extensions of images; other dots stay, those of time stamps too.

    >>> frame_stem("clip/00012.jpg"), frame_stem("00012.jpg.png"), frame_stem("1690000000.04")
    ('00012', '00012', '1690000000.04')
    """
    stem = name.replace("\\", "/").rsplit("/", 1)[-1]
    while shorter := _IMAGE_EXTENSION.sub("", stem):
        if shorter == stem:
            break
        stem = shorter
    return stem


Key = tuple[str | tuple[int, str], ...]


def natural_key(text: str) -> Key:
    """Text that sorts and compares by its numbers, without regard to case or Unicode form.

    >>> natural_key("Frame_007") == natural_key("frame_7"), natural_key("2") < natural_key("10")
    (True, True)
    """
    parts = re.split(r"([0-9]+)", unicodedata.normalize("NFC", text).casefold())
    return tuple((len(part.lstrip("0")), part.lstrip("0")) if i % 2 else part for i, part in enumerate(parts))


class FrameNames:
    """The frames of one video by name.

    >>> FrameNames(["frame_0001.jpg", "frame_0006.jpg"]).index("frame_0006.png")
    1
    >>> FrameNames([]).index("00006.png")  # a video file
    6
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names: Sequence[str] = tuple(name.rsplit("/", 1)[-1] for name in names)
        self._found: dict[Callable[[str], object], dict[object, list[int]]] = {}
        self._sorted: list[str] = []

    def index(self, name: str) -> int:
        """The decode index of the frame that ``name`` means.

        In a folder of frames it is the frame of that file name; else of that name with another extension; else the
        only one whose name differs in nothing but case, Unicode form or leading zeros.

        Raises:
            FrameNameError: there is no such frame, or more than one.
        """
        if not self._names:
            return _number_of(name)
        for form in (str, frame_stem, _loosely):
            found = self._by(form).get(form(name), [])
            if len(found) > 1:
                several = " and ".join(repr(self._names[idx]) for idx in found[:3])
                raise FrameNameError("ambiguous_frame", f"{name!r} may be {several}; rename all but one")
            if found:
                return found[0]
        raise FrameNameError("unknown_frame", f"no frame is named {name!r}{self._near(name)}; {self._range()}")

    def stems(self) -> tuple[str, ...]:
        """Names without extension, in decode order; none for a video file, or where two frames would share one."""
        stems = tuple(map(frame_stem, self._names))
        return stems if len(set(stems)) == len(stems) else ()

    def _by(self, form: Callable[[str], object]) -> dict[object, list[int]]:
        if form not in self._found:
            by_form: dict[object, list[int]] = defaultdict(list)
            for idx, name in enumerate(self._names):
                by_form[form(name)].append(idx)
            self._found[form] = dict(by_form)
        return self._found[form]

    def _near(self, name: str) -> str:
        """The neighbours by number among frames that are named alike; else the frames whose names look alike."""
        key = _loosely(name)
        self._sorted = self._sorted or sorted(self._names, key=_loosely)
        ahead = bisect_left(self._sorted, key, key=_loosely)
        near = [other for other in self._sorted[max(0, ahead - 1) : ahead + 2] if _loosely(other)[::2] == key[::2]]
        if not near:
            start = max(0, min(ahead - _COMPARED // 2, len(self._sorted) - _COMPARED))
            around = {frame_stem(other): other for other in self._sorted[start : start + _COMPARED]}
            near = [around[stem] for stem in get_close_matches(frame_stem(name), around)]
        return f"; similar names: {', '.join(map(repr, near))}" if near else ""

    def _range(self) -> str:
        first, last = self._names[0], self._names[-1]
        return f"the video has {len(self._names)} frames, {first!r} to {last!r}"


def _loosely(name: str) -> Key:
    return natural_key(frame_stem(name))


def _number_of(name: str) -> int:
    try:
        idx = frame_stem_to_idx(frame_stem(name))
    except ValueError as problem:
        raise FrameNameError("bad_frame", str(problem)) from None
    if idx > MAX_INDEX:
        raise FrameNameError("bad_frame", f"frame {name!r} is beyond any video; numbers up to {MAX_INDEX} are read")
    return idx

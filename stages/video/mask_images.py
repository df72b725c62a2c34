"""Mask images to labels, for hints and for ground truth alike.

A palette image holds object numbers, 0 the background and 255 undecided (DAVIS, YouTube-VOS, PASCAL VOC). A grey
image does too; one whose only value is 255 (or 65535) is a binary mask of object 1, and so is a palette image, unless
other masks of the video hold numbers. With 16 bits 255 is a number like others. Smoothed edges of a binary mask are
cut at half of its value. In colour, the colours of PASCAL VOC stand for their numbers; any other colour is an object
named ``rgb-rrggbb``. What is transparent is background.
"""

from __future__ import annotations

import re
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.limits import require_size

VOID = -1
"""The label of undecided pixels."""
FULL = -2
"""The label of 255 where a palette image holds nothing else: object 1, or undecided where other masks hold numbers."""
MOST_OBJECTS = 2_000
_VOID_VALUE, _FULL_VALUES = 255, (255, 65535)
_COLOUR = 1 << 30
_BETWEEN_SHARE, _MOST_LOOSE = 0.8, 8

Labels = NDArray[np.int32]
Values = NDArray[Any]


class MaskImageError(ValueError):
    """A mask image that cannot be read as labels.

    Attributes:
        error: ``empty_file``, ``not_an_image``, ``too_large``, ``colour_mask``, ``smoothed_mask`` ...
        detail: a sentence that names the file and says what to do.
    """

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail


def read_mask_image(path: Path) -> Labels:
    """(H, W) int32 labels: 0 background, VOID or FULL, else an object; see :func:`object_id`.

    Raises:
        MaskImageError: the file is not a mask.
    """
    try:
        mode, values = _read(path)
        labels = _labels(mode, values)
    except MaskImageError as problem:
        raise MaskImageError(problem.error, f"{str(path)!r} {problem.detail}") from None
    if (count := len(np.unique(labels[labels > 0]))) > MOST_OBJECTS:
        raise MaskImageError(
            "too_many_objects", f"{str(path)!r} holds {count:,} objects; at most {MOST_OBJECTS:,} are read"
        )
    return labels


def object_id(label: int) -> str:
    """What the object of a label is called: its number, or its colour as ``rgb-rrggbb``.

    >>> object_id(7), object_id(_COLOUR + 0xEC5F67)
    ('7', 'rgb-ec5f67')
    """
    return str(label) if label < _COLOUR else f"rgb-{label - _COLOUR:06x}"


def label_of(name: str) -> int:
    """The inverse of :func:`object_id`; 0 for a name that is no label.

    >>> label_of("7"), label_of("rgb-000010") == _COLOUR + 16, label_of("dog")
    (7, True, 0)
    """
    if colour := re.fullmatch(r"rgb-([0-9a-f]{6})", name):
        return _COLOUR + int(colour[1], 16)
    return int(name) if re.fullmatch(r"[0-9]{1,9}", name) else 0


def _read(path: Path) -> tuple[str, Values]:
    """Mode and pixels; the size is looked at before they are decoded."""
    if not path.stat().st_size:
        raise MaskImageError("empty_file", "cannot be read: it is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                try:
                    require_size("mask", image.height, image.width)
                except ValueError as problem:
                    raise MaskImageError("too_large", f"cannot be read: {problem}") from None
                return image.mode, np.asarray(image)
    except Image.DecompressionBombError as problem:
        raise MaskImageError("too_large", f"cannot be read: {problem}") from None
    except MaskImageError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as problem:
        raise MaskImageError("not_an_image", f"cannot be read as an image: {problem}") from None


def _labels(mode: str, values: Values) -> Labels:
    match mode:
        case "1":
            return values.astype(np.int32)
        case "P" | "PA":
            labels = values if mode == "P" else values[..., 0]
            is_full = labels.max() == _VOID_VALUE and set(np.unique(labels).tolist()) <= {0, _VOID_VALUE}
            return np.where(labels > 0, np.int32(FULL), np.int32(0)) if is_full else _numbers(labels)
        case "L" | "I" | "I;16" | "I;16B" | "I;16L":
            return _grey(values, has_void=mode == "L")
        case "LA" | "RGB" | "RGBA":
            return _channels(values, has_alpha=mode != "RGB")
    raise MaskImageError("unknown_mode", f"has mode {mode}; save masks as PNG of palette, grey or RGB colours")


def _numbers(values: Values, *, has_void: bool = True) -> Labels:
    """Values as object numbers; the only one may be that of a binary mask."""
    labels = values.astype(np.int32)
    present = np.unique(labels[labels != 0])
    if len(present) == 1 and present[0] in _FULL_VALUES:
        return (labels > 0).astype(np.int32)
    if has_void:
        labels[labels == _VOID_VALUE] = VOID
    return labels


def _grey(values: Values, *, has_void: bool) -> Labels:
    """Values as object numbers, unless they are the smoothed edges of one object."""
    present = np.unique(values)
    if present[0] < 0 or present[-1] >= _COLOUR:
        raise MaskImageError("bad_number", f"holds {present[[0, -1]]}; object numbers are 1 to {_COLOUR - 1:,}")
    if present[-1] > 65535 or len(present) < 3:
        return _numbers(values, has_void=has_void)
    depth = values.astype(np.uint16)
    top = int(present[-1])
    if _is_smoothed(depth, top):
        return _halved(depth, top)
    if not _mostly_loose(depth):
        return _numbers(depth, has_void=has_void)
    cleaned = np.where(depth < top * 0.1, 0, np.where(depth > top * 0.9, top, depth)).astype(np.uint16)
    if top >= 128 and (len(np.unique(cleaned)) < 3 or _is_smoothed(cleaned, top)):
        return _halved(depth, top)
    raise MaskImageError(
        "smoothed_mask",
        f"holds {len(present)} grey values, most of them at edges only: edges of several objects were smoothed, or it "
        "is not a mask; save it without anti-aliasing, resized by nearest neighbour",
    )


def _halved(depth: NDArray[np.uint16], top: int) -> Labels:
    """One object: what has at least half of the highest value. Bright ones are binary masks, of object 1."""
    number = 1 if top >= 128 else top
    return (depth.astype(np.int32) * 2 >= top) * np.int32(number)


def _is_smoothed(depth: NDArray[np.uint16], top: int) -> bool:
    """Whether values between 0 and the highest lie where the mask rises from one to the other."""
    inner = (depth > 0) & (depth < top)
    n_levels = len(np.unique(depth[inner]))
    if n_levels < (1 if top == _VOID_VALUE else 2 if top < _VOID_VALUE else 8):
        return False
    window = np.ones((5, 5), np.uint8)
    rising = inner & (cv2.erode(depth, window) < depth) & (cv2.dilate(depth, window) > depth)
    low, high = depth <= top * 0.05, depth >= top * 0.95
    has_body = (low | high).mean() >= 0.5 and high.sum() >= 0.05 * (~low).sum()
    is_halfway = (depth > top * 0.25) & (depth < top * 0.75)
    return bool(has_body and rising.sum() >= _BETWEEN_SHARE * inner.sum() and (is_halfway & rising).any())


def _mostly_loose(values: NDArray[np.uint16]) -> bool:
    """Whether most values never fill 3x3 pixels, as those of drawn objects do."""
    window = np.ones((3, 3), np.uint8)
    solid = np.unique(values[cv2.erode(values, window) == cv2.dilate(values, window)])
    n_loose = len(np.setdiff1d(np.unique(values), solid))
    return n_loose > _MOST_LOOSE and n_loose > len(solid)


def _channels(values: Values, *, has_alpha: bool) -> Labels:
    colours = values[..., :-1] if has_alpha else values
    alpha = values[..., -1] if has_alpha else np.full(values.shape[:2], 255, np.uint8)
    if alpha.min() < 255:
        if (colours == colours[0, 0]).all():
            return _grey(alpha, has_void=False)
        colours = np.where(alpha[..., None] < 128, 0, colours).astype(np.uint8)
    if (colours == colours[..., :1]).all():
        return _grey(colours[..., 0], has_void=True)
    return _coloured(colours)


def _coloured(colours: Values) -> Labels:
    codes = colours.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    present, places = np.unique(codes, return_inverse=True)
    places = places.reshape(codes.shape)
    numbers = {code: number for number, code in enumerate(_voc_codes())}
    if all(code in numbers for code in present.tolist()):
        return _numbers(np.array([numbers[code] for code in present.tolist()])[places])
    if len(present) > 1 << 15 or present[0] != 0 or _mostly_loose(places.astype(np.uint16)):
        raise MaskImageError(
            "colour_mask",
            f"has {len(present):,} colours and no clear objects on black: it is a picture, or edges were smoothed; "
            "save masks as palette or grey PNG of object numbers",
        )
    return np.where(codes > 0, codes + np.int32(_COLOUR), np.int32(0))


def _voc_codes() -> list[int]:
    """24-bit colours by object number: bits of the number, spread over the channels from the top bit down."""
    return [
        sum((number >> (3 * bit + shift) & 1) << (7 - bit + 8 * (2 - shift)) for bit in range(3) for shift in range(3))
        for number in range(256)
    ]

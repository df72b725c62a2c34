"""Pictures with masks or verified points, small and in memory: what the click network learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.masks import decode_rle, encode_rle

LONGER_SIDE = 512
"""Pictures are kept at this size at most; the network sees them smaller."""
LEAST_PX = 40
"""Smaller masks teach nothing."""
_QUALITY = 95
_HELD_OUT = 0.05

Points = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Target:
    """One object of a picture.

    Attributes:
        rle: its mask, COCO compressed counts at the picture's size.
        points: (x, y, label) of verified pixels; where there are any, only they are true and the mask is a guess.
        is_part: a mere part of an object, which a click on it would not mean: only a box or a poor mask can ask for it.
    """

    rle: str
    points: tuple[tuple[int, int, int], ...] = ()
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its objects.

    Attributes:
        key: names it among all pictures.
        source: what it comes from; a source is drawn as often as the square root of its number of pictures.
        encoded: an image file that OpenCV reads.
        height: in pixels.
        width: in pixels.
        targets: at least one.
        is_held_out: never trained on.
    """

    key: str
    source: str
    encoded: bytes
    height: int
    width: int
    targets: tuple[Target, ...]
    is_held_out: bool = False

    def image(self) -> NDArray[np.uint8]:
        """(height, width, 3) uint8 RGB."""
        return decode_image(self.encoded, self.key)

    def mask(self, number: int) -> NDArray[np.bool_]:
        """(height, width) bool of a target."""
        return decode_rle(self.targets[number].rle, self.height, self.width)


def decode_image(encoded: bytes, name: str) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of an image file.

    Raises:
        ValueError: it is none; the message names it.
    """
    found = cv2.imdecode(np.frombuffer(encoded, dtype=np.uint8), cv2.IMREAD_COLOR) if encoded else None
    if found is None:
        raise ValueError(f"{name} is not an image that can be read")
    return np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def make_picture(
    key: str,
    source: str,
    image: NDArray[np.uint8],
    masks: Sequence[NDArray[np.bool_]],
    points: Sequence[Points] | None = None,
) -> Picture | None:
    """A picture at a size to learn from; None when no object of it is large enough.

    Args:
        key: names it.
        source: what it comes from.
        image: (H, W, 3) uint8 RGB.
        masks: (H, W) bool each.
        points: for each mask (N, 3) int64 verified pixels, x, y and 1 on or 0 off the object; N is 0 for a true mask.
    """
    scale = min(1.0, LONGER_SIDE / max(image.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    targets = []
    for number, mask in enumerate(masks):
        small = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) > 0.5
        own = np.zeros((0, 3), dtype=np.int64) if points is None else points[number]
        if np.count_nonzero(small) >= LEAST_PX or len(own):
            xy = np.minimum(((own[:, :2] + 0.5) * scale).astype(int), [width - 1, height - 1])
            moved = np.concatenate([xy, own[:, 2:]], axis=1).tolist()
            targets.append(Target(encode_rle(small), tuple((x, y, label) for x, y, label in moved)))
    if not targets:
        return None
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    written = cv2.imencode(".jpg", resized[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return Picture(key, source, written.tobytes(), height, width, tuple(targets))


def hold_out(pictures: Sequence[Picture], groups: Sequence[str]) -> list[Picture]:
    """A twentieth of the groups, at least one of two or more, is kept from training; which, their names decide.

    Args:
        pictures: of one source.
        groups: of each picture: pictures of one video belong together.
    """
    names = sorted(set(groups), key=lambda name: hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest())
    n_held_out = max(1, round(_HELD_OUT * len(names))) if len(names) > 1 else 0
    held_out = set(names[:n_held_out])
    return [replace(picture, is_held_out=group in held_out) for picture, group in zip(pictures, groups, strict=True)]


def digest_of(pictures: Iterable[Picture]) -> str:
    """Hex digest of everything that is learned from."""
    found = hashlib.sha256()
    for picture in pictures:
        for part in (picture.key, picture.source, repr(picture.targets), repr(picture.is_held_out)):
            found.update(hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest())
        found.update(hashlib.sha256(picture.encoded).digest())
    return found.hexdigest()

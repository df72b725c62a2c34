"""Perceptual hashes of frames: signs of the lowest frequencies of a small grey picture.

After C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010): scaling, compression,
brightness and contrast hardly change the signs of low frequencies of the discrete cosine transform. A mirrored
picture has the same coefficients, those of odd horizontal frequency with the other sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.resize import resize

Image = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
"""(…, 2) uint64: 128 bits a hash."""

N_BITS, HASH_BYTES = 128, 16
MOST_FRAMES, MOST_VIEWED = 512, 16
"""Frames of a video that are remembered at most, and those of them with their cut-outs."""
_SIDE, _FREQUENCIES = 32, 16
_GREY_PX = 256
_NEW_BITS = 8
"""A frame is remembered when its hash differs from the one before in more bits."""
_LEAST_CONTRAST = 4.0
_BLACK, _BAR_FRAMES = 16, 32
_ORDER = sorted(((u, v) for u in range(_FREQUENCIES) for v in range(_FREQUENCIES) if u + v), key=lambda f: (sum(f), f))[
    :N_BITS
]
_U, _V = np.array(_ORDER).T
_CUTS = [
    (1.0, 1.0, 0.5, 0.5),
    *((side, side, 0.5, 0.5) for side in (0.9, 0.8, 0.7)),
    (0.75, 1.0, 0.5, 0.5),
    (1.0, 0.75, 0.5, 0.5),
    *((side, side, x, y) for side in (0.92, 0.84) for x in (0.0, 1.0) for y in (0.0, 1.0)),
]
"""Cut-outs: shares of width and height, and of the room around it what lies left and above; the whole frame first."""
N_VIEWS = len(_CUTS)


def fingerprint(images: Iterable[Image]) -> tuple[bytes, bytes]:
    """Hashes of the frames of a video in their order, as :class:`schemas.splits.Fingerprint` keeps them.

    A frame that looks like the one before is left out, so a still picture has one hash, however long it stands; frames
    without contrast have none. Black bars are cut off first.

    Args:
        images: (H, W, 3) uint8 RGB.
    """
    kept: list[Hashes] = []
    for grey in _without_bars(_grey(image) for image in images):
        if grey.std() < _LEAST_CONTRAST:
            continue
        whole = _hash(grey)
        if not kept or int(np.bitwise_count(whole ^ kept[-1][0]).sum()) > _NEW_BITS:
            kept.append(np.stack([whole, *(_hash(_cut(grey, *cut)) for cut in _CUTS[1:])]))
    if not kept:
        return b"", b""
    frames = np.stack(kept)[_spread(len(kept), MOST_FRAMES)]
    return frames[:, 0].tobytes(), frames[_spread(len(frames), MOST_VIEWED)].tobytes()


def frames_of(packed: bytes) -> Hashes:
    """(N, 2) hashes of whole frames from :attr:`Fingerprint.frames`."""
    return np.frombuffer(packed, dtype=np.uint64).reshape(-1, 2)


def views_of(packed: bytes) -> Hashes:
    """(N, N_VIEWS, 2) hashes of views from :attr:`Fingerprint.views`."""
    return np.frombuffer(packed, dtype=np.uint64).reshape(-1, N_VIEWS, 2)


def mirrored(hashes: Hashes) -> Hashes:
    """Hashes of the pictures with left and right exchanged."""
    return hashes ^ _MIRROR


def _grey(image: Image) -> Image:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = min(_GREY_PX / max(height, width), 1.0)
    return resize(
        np.asarray(grey, dtype=np.uint8), (max(round(height * scale), 1), max(round(width * scale), 1)), cv2.INTER_AREA
    )


def _without_bars(greys: Iterator[Image]) -> Iterator[Image]:
    """Pictures without the rows and columns at their edges that are black on all of the first ones."""
    first = list(islice(greys, _BAR_FRAMES))
    if not first:
        return
    brightest = np.max(first, axis=0)
    rows, columns = (_extent(brightest.max(axis=axis) >= _BLACK) for axis in (1, 0))
    for grey in chain(first, greys):
        yield grey[rows, columns]


def _extent(is_bright: NDArray[np.bool_]) -> slice:
    """From the first bright line to the last one; all of them when that is less than half."""
    lines = np.flatnonzero(is_bright)
    if len(lines) and lines[-1] + 1 - lines[0] >= len(is_bright) / 2:
        return slice(int(lines[0]), int(lines[-1]) + 1)
    return slice(0, len(is_bright))


def _cut(grey: Image, wide: float, high: float, left: float, above: float) -> Image:
    height, width = (max(round(share * length), 1) for share, length in zip((high, wide), grey.shape, strict=True))
    y, x = round(above * (grey.shape[0] - height)), round(left * (grey.shape[1] - width))
    return grey[y : y + height, x : x + width]


def _hash(grey: Image) -> Hashes:
    small = resize(grey, (_SIDE, _SIDE), cv2.INTER_AREA).astype(np.float32)
    return np.packbits(cv2.dct(small)[_V, _U] > 0).view(np.uint64)


def _spread(n: int, at_most: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, n - 1, min(n, at_most)).round().astype(np.int64))


_MIRROR: Hashes = np.packbits(_U % 2 == 1).view(np.uint64)

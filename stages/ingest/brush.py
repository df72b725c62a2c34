"""Label Studio's run lengths of brush strokes: a stream of bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_N_SIZES = 4


class _Bits:
    """Reads numbers from a stream of bits, the first bit of a byte first."""

    def __init__(self, data: bytes) -> None:
        self._bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8))
        self._at = 0

    def read(self, n_bits: int) -> int:
        """The number in the next bits."""
        found = self._bits[self._at : self._at + n_bits]
        if len(found) < n_bits:
            raise ValueError("the run lengths end too early")
        self._at += n_bits
        return int("".join(map(str, found)), 2)


def brush_mask(data: bytes, height: int, width: int) -> NDArray[np.bool_]:
    """Decode run lengths.

    The stream is: the number of values (32 bits), bits of a value less one (5), four sizes of run lengths less one (4
    each); then parts of a flag (1), the number of a size (2), the length of the part less one, and one value when the
    flag is set, else a value for every place. Values are RGBA, pixel by pixel; what has alpha is marked.

    Args:
        data: the stream.
        height: in pixels.
        width: in pixels.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: the stream does not encode a picture of this size.

    Source: https://github.com/HumanSignal/label-studio-sdk, ``label_studio_sdk.converter.brush``.
    """
    bits = _Bits(data)
    n_values = bits.read(32)
    if n_values != 4 * height * width:
        raise ValueError(
            f"the run lengths hold {n_values:,} values, not the {4 * height * width:,} of {width}x{height}"
        )
    n_bits = bits.read(5) + 1
    sizes = [bits.read(4) + 1 for _ in range(_N_SIZES)]
    values = np.zeros(n_values, dtype=np.uint8)
    at = 0
    while at < n_values:
        is_run = bits.read(1)
        end = at + 1 + bits.read(sizes[bits.read(2)])
        if end > n_values:
            raise ValueError("a run is longer than the picture")
        if is_run:
            values[at:end] = min(bits.read(n_bits), 255)
        else:
            values[at:end] = [min(bits.read(n_bits), 255) for _ in range(end - at)]
        at = end
    return values.reshape(height, width, 4)[..., 3] > 0

"""What every cell of a frame looks like: a coarse descriptor that knows things and a fine one that knows edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stages.backends.embedded.features.grids import Grid
from stages.resize import resize

COARSE_STRIDE = 8
FINE_STRIDE = 4
_LAB_CENTRES = np.array([50.0, 0.0, 0.0], dtype=np.float32)
_LAB_SCALES = np.array([25.0, 15.0, 15.0], dtype=np.float32)


def coarse_cells(maps: Mapping[str, Tensor], grid: Grid) -> Tensor:
    """One descriptor a cell of stride 8, from levels ``b4``, ``b10`` and ``b15``.

    Args:
        maps: (rows, columns, channels) by level, as :meth:`Backbone.features` gives them.
        grid: the working size.

    Returns:
        (rows · columns, 472) float32; squared norm 2.5: half from ``b4``, one each from ``b10`` and ``b15``.
    """
    shape = grid.shape(COARSE_STRIDE)
    parts = [maps["b4"], enlarge(maps["b10"], 2, shape), enlarge(maps["b15"], 4, shape)]
    return _joined(parts, (0.5**0.5, 1.0, 1.0))


def fine_cells(maps: Mapping[str, Tensor], image: NDArray[np.uint8], grid: Grid) -> Tensor:
    """One descriptor a cell of stride 4, from colour and levels ``b0``, ``b2`` and ``b4``.

    Args:
        maps: (rows, columns, channels) by level, as :meth:`Backbone.features` gives them; ``b0`` may come halved.
        image: (grid.height, grid.width, 3) uint8 RGB, the frame at its working size.
        grid: the working size.

    Returns:
        (rows · columns, 89) float32.
    """
    shape = grid.shape(FINE_STRIDE)
    b0 = maps["b0"]
    parts = [
        maps["b2"],
        colour_cells(image).to(maps["b2"].device),
        enlarge(maps["b4"], 2, shape),
        b0 if b0.shape[:2] == shape else halve(b0),
    ]
    return _joined(parts, (1.0, None, 1.0, 1.0))


def colour_cells(image: NDArray[np.uint8]) -> Tensor:
    """Second-order LAB colour of every cell of stride 4: (rows, columns, 9) float32 in [-1.5, 1.5]."""
    rows, columns = Grid(*image.shape[:2]).shape(FINE_STRIDE)
    means = resize(image, (rows, columns), cv2.INTER_AREA)
    lab = cv2.cvtColor(means.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    planes = zip(cv2.split(lab), _LAB_CENTRES, _LAB_SCALES, strict=True)
    light, a, b = ((plane - centre) / scale for plane, centre, scale in planes)
    colours = cv2.merge([light, a, b, light * light, a * a, b * b, light * a, light * b, a * b])
    return torch.from_numpy(np.clip(colours, np.float32(-6), np.float32(6)) * np.float32(0.25))


def enlarge(cells: Tensor, ratio: int, shape: tuple[int, int]) -> Tensor:
    """Bilinear (rows, columns, channels) map on a grid ``ratio`` times as dense, cut to ``shape`` = (rows, columns).

    A map whose side was rounded up has cells beyond the frame, which the cut removes.
    """
    maps = cells[None].permute(0, 3, 1, 2)
    dense = functional.interpolate(maps, scale_factor=float(ratio), mode="bilinear", align_corners=False)
    return dense[0, :, : shape[0], : shape[1]].permute(1, 2, 0)


def halve(cells: Tensor) -> Tensor:
    """(rows, columns, channels) map on a grid half as dense: the mean of every 2 x 2 cells."""
    return functional.avg_pool2d(cells[None].permute(0, 3, 1, 2), 2)[0].permute(1, 2, 0)


def _joined(parts: Sequence[Tensor], lengths: Sequence[float | None]) -> Tensor:
    """Parts of (rows, columns, channels) side by side, (rows · columns, all channels), each cell of a part scaled to
    its length, or left as it is where the length is None. Written once: these are the largest arrays of a frame.
    """
    rows, columns = parts[0].shape[:2]
    channels = [part.shape[-1] for part in parts]
    joined = torch.empty((rows, columns, sum(channels)), dtype=parts[0].dtype, device=parts[0].device)
    for target, part, length in zip(torch.split(joined, channels, dim=-1), parts, lengths, strict=True):
        if length is None:
            target.copy_(part)
        else:
            norm = torch.linalg.vector_norm(part, dim=-1, keepdim=True).clamp_min_(1e-12)
            torch.mul(part, length / norm, out=target)
    return joined.reshape(rows * columns, -1)

"""Masks drawn onto the edges of a picture: each cell becomes the mean of cells around it that look alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.backends.embedded.features.backbone import CHANNELS

_CONTRAST = 10.0
"""First scale of differences between neighbours."""
REACHES = (1, 2, 4, 1)
"""Cells between neighbours, pass by pass."""
_HALF = ((0, 1), (1, -1), (1, 0), (1, 1))
"""Rows down and columns right of half of the neighbours; the others lie opposite, as far apart."""


class Edges(nn.Module):
    """How alike neighbouring cells of stride 4 look."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.guide = nn.Conv2d(CHANNELS["b2"], channels, 1)
        nn.init.orthogonal_(self.guide.weight)
        self.contrast = nn.Parameter(torch.full((len(REACHES),), _CONTRAST).log())

    def neighbours(self, fine: Tensor) -> tuple[Tensor, ...]:
        """Weights of the nine cells around each, (B, 9, rows, columns), for each of REACHES."""
        guide = self.guide(functional.normalize(fine, dim=1))
        apart = {reach: _differences(guide, reach) for reach in sorted(set(REACHES))}
        scales = self.contrast.exp()
        return tuple(torch.softmax(-scale * apart[reach], dim=1) for scale, reach in zip(scales, REACHES, strict=True))


def aligned_to_edges(logits: Tensor, neighbours: Sequence[Tensor]) -> Tensor:
    """(B, O, rows, columns) logits, each the mean of cells around it that look alike."""
    for reach, weights in zip(REACHES, neighbours, strict=True):
        padded = functional.pad(logits.flatten(0, 1)[:, None], (reach,) * 4, mode="replicate")
        around = functional.unfold(padded, 3, dilation=reach)
        around = around.reshape(*logits.shape[:2], 9, *logits.shape[-2:])
        logits = (around * weights[:, None]).sum(dim=2)
    return logits


def _differences(guide: Tensor, reach: int) -> Tensor:
    """(B, 9, rows, columns): squared differences to the nine cells ``reach`` apart, row by row.

    Beyond the map, its border is repeated. Each pair of cells is compared once.
    """
    rows, columns = guide.shape[-2:]
    padded = functional.pad(guide, (reach,) * 4, mode="replicate")
    found = [torch.zeros_like(guide[:, 0])] * 9
    for down, right in _HALF:
        far, left = down * reach, max(0, -right) * reach
        height, width = rows + 2 * reach - far, columns + 2 * reach - abs(right) * reach
        one = padded[..., :height, left : left + width]
        other = padded[..., far:, left + right * reach : left + right * reach + width]
        apart = (one - other).square().sum(dim=1)
        number = 3 * (1 + down) + 1 + right
        for at, (top, start) in (
            (number, (reach, reach - left)),
            (8 - number, (reach - far, reach - right * reach - left)),
        ):
            found[at] = apart[:, top : top + rows, start : start + columns]
    return torch.stack(found, dim=1)

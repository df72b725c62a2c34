"""Which cells of the memory answer for a cell: those that look alike and are near, by weights that are learned."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_HERE, _ELSEWHERE = 50.0, 15.0
"""First costs in affinity of the length of a frame's short side, on the frame itself and to other frames."""


class Affinity(nn.Module):
    """Affinity by squared distance of keys, as in STCN, less what distance in the frame costs.

    Five numbers, learned at a rate of their own: sharpness of keys and cost of distance, each on the frame itself and
    to other frames, and how fast the latter cost falls with the logarithm of frames in between, at first not at all.
    """

    def __init__(self, top: int) -> None:
        super().__init__()
        self.top = top
        self.sharpness = nn.Parameter(torch.zeros(2))
        self.distance = nn.Parameter(torch.tensor([_HERE, _ELSEWHERE]).log())
        self.widening = nn.Parameter(torch.zeros(()))

    def within(self, key: Tensor, keys: Tensor, usable: Tensor) -> tuple[Tensor, Tensor]:
        """Weights and numbers of the best cells of the frame itself; see :meth:`across`.

        Args:
            key: (B, C_k, rows, columns).
            keys: (B, C_k, N) of the same cells.
            usable: (B, O, N) bool, the cells that may answer for an object.
        """
        with torch.autocast(key.device.type, enabled=False):
            cost = self.distance[:1].exp().expand(len(key), 1)
            affinity = _affinity(key, keys, self.sharpness[0].exp(), cost)
            return self._best(affinity[:, None].masked_fill(~usable[:, :, None], -1e4))

    def across(self, key: Tensor, keys: Tensor, gaps: Tensor) -> tuple[Tensor, Tensor]:
        """Weights and numbers of the memory's best cells, (B, 1 or O, N, top) each, in float32 everywhere.

        Args:
            key: (B, C_k, rows, columns).
            keys: (B, C_k, F · N) of F frames of the same size one after the other.
            gaps: (B, F) frames between them and this one, 1 for the next.
        """
        with torch.autocast(key.device.type, enabled=False):
            far = gaps.float().clamp_min(1.0).log()
            cost = (self.distance[1] - self.widening * far).exp()
            return self._best(_affinity(key, keys, self.sharpness[1].exp(), cost)[:, None])

    def _best(self, affinity: Tensor) -> tuple[Tensor, Tensor]:
        best, cells = affinity.topk(min(self.top, affinity.shape[-1]), dim=-1)
        return torch.softmax(best, dim=-1), cells


def weighted(values: Tensor, weights: Tensor, cells: Tensor) -> Tensor:
    """(B, O, V, N): sums of (B, O, V, M) values of (B, 1 or O, N, k) cells by their weights."""
    n, best = cells.shape[2:]
    starts = torch.arange(0, n * best, best, device=cells.device)
    found = []
    for own, scales, numbers in zip(values.float(), weights.flatten(2), cells.flatten(2), strict=True):
        tables = own.flatten(0, 1)[None] if len(scales) == 1 else own
        sums = [
            functional.embedding_bag(one, table.T.contiguous(), starts, per_sample_weights=scale, mode="sum").T
            for one, table, scale in zip(numbers, tables, scales, strict=True)
        ]
        found.append(torch.stack(sums).reshape(*own.shape[:2], -1))
    return torch.stack(found)


def _affinity(key: Tensor, keys: Tensor, sharpness: Tensor, cost: Tensor) -> Tensor:
    """(B, N, F · N): -sharpness · |k - q|² / √C_k - cost · |place - place|², but for what is equal for all k.

    One product: squared distances are sums of products of a cell of the memory and one of the frame.

    Args:
        key: (B, C_k, rows, columns).
        keys: (B, C_k, F · N).
        sharpness: a number.
        cost: (B, F) of a distance of the frame's short side.
    """
    scale = sharpness / math.sqrt(key.shape[1])
    place = _places(key)
    norm = place.square().sum(dim=0)
    keys = keys.float()
    cost = cost[:, :, None]
    own = -cost * norm
    memory = torch.cat(
        [
            2 * scale * keys,
            (2 * cost[:, None] * place[:, None]).flatten(2),
            own.flatten(1)[:, None] - scale * keys.square().sum(dim=1, keepdim=True),
            (-cost.expand_as(own)).flatten(1)[:, None],
        ],
        dim=1,
    )
    fixed = torch.stack([*place, torch.ones_like(norm), norm]).expand(len(key), -1, -1)
    return torch.einsum("bcm,bcn->bnm", memory, torch.cat([key.float().flatten(2), fixed], dim=1))


def _places(key: Tensor) -> Tensor:
    """(2, N): rows and columns of cells in lengths of the frame's short side, from its middle."""
    rows, columns = key.shape[-2:]
    y, x = (
        (torch.arange(n, device=key.device, dtype=torch.float32) - n / 2) / min(rows, columns) for n in (rows, columns)
    )
    return torch.cartesian_prod(y, x).T

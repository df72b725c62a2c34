"""A memory network for video object segmentation, small enough to be trained on a CPU.

After STCN (Cheng, Tai and Tang, "Rethinking Space-Time Networks with Improved Memory Coverage", NeurIPS 2021): keys of
the image alone, values an object, affinity by squared distance, the best 20 cells of the memory. As in Point-VOS
(Zulfikar et al., CVPR 2024), the values of the first frame may come from points. Ours: features of a frozen backbone,
whose principal components are the first keys; affinity that falls with distance in the frame; values that carry the
mask's own cells along, so that the memory votes before anything was learned; a decoder that weighs the votes and draws
them onto edges; and a first frame that is segmented from its points by the same memory before it is remembered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.backends.memory_network.affinity import Affinity, weighted
from stages.backends.memory_network.edges import Edges, aligned_to_edges
from stages.backends.memory_network.evidence import Evidence
from stages.backends.memory_network.features import COARSE, FINE, N_COARSE, Maps, coarse_cells

_CELLS = (COARSE // FINE) ** 2
"""Cells of a mask in one cell of the memory."""
_SHARPNESS = 8.0
"""Scale of the first keys: distances in ImageNet features become differences of affinity of some ten."""
_FARTHEST, _TRUST = 4.0, 0.5
"""Logit of what the memory votes for unanimously, and the first weight of votes."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Channels of a network.

    Attributes:
        key: C_k.
        value: of what is learned of a value.
        decoder: of the decoder's first layer.
        guide: by which neighbours are compared.
        top: cells of the memory that answer.
    """

    key: int = 64
    value: int = 32
    decoder: int = 32
    guide: int = 16
    top: int = 20


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """B frames as the network sees them.

    Attributes:
        key: (B, C_k, rows, columns) at stride 16.
        neighbours: see :meth:`Edges.neighbours`.
    """

    key: Tensor
    neighbours: tuple[Tensor, ...]


class MemoryNetwork(nn.Module):
    """Keys, values and the decoder; what is remembered is its caller's."""

    def __init__(self, sizes: Sizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or Sizes()
        depth = sizes.decoder
        self.key = nn.Conv2d(N_COARSE, sizes.key, 1)
        nn.init.orthogonal_(self.key.weight, 2 * _SHARPNESS)
        nn.init.zeros_(self.key.bias)  # type: ignore[arg-type]
        self.value = nn.Sequential(
            _convolution(2 * _CELLS + 1, sizes.value), nn.ReLU(), _convolution(sizes.value, sizes.value)
        )
        self.coarse = _convolution(sizes.value + _CELLS, depth)
        self.middle = _convolution(depth, depth // 2)
        self.fine = _convolution(depth // 2 + 1, depth // 2)
        self.answer = _convolution(depth // 2, 1)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)  # type: ignore[arg-type]
        self.trust = nn.Parameter(torch.tensor(_TRUST))
        self.edges = Edges(sizes.guide)
        self.affinity = Affinity(sizes.top)

    @torch.no_grad()
    def begin(self, frames: Sequence[Maps]) -> None:
        """Take the principal components of what frames look like as the first keys."""
        cells = torch.cat([coarse_cells(maps).flatten(2).transpose(0, 1).flatten(1) for maps in frames], dim=1)
        centred = cells - cells.mean(dim=1, keepdim=True)
        _, vectors = torch.linalg.eigh((centred @ centred.T / centred.shape[1]).cpu().double())
        main = vectors.flip(1)[:, : self.sizes.key].T * _SHARPNESS
        self.key.weight.copy_(main[:, :, None, None])

    def see(self, maps: Maps) -> Seen:
        """Keys and neighbours of B frames."""
        return Seen(self.key(coarse_cells(maps)), self.edges.neighbours(maps["b2"]))

    def remember(self, evidence: Evidence) -> Tensor:
        """(B, O, V, rows, columns) at stride 16: values of O objects on B frames."""
        own, others, known = (
            functional.pixel_unshuffle(values[:, :, None], COARSE // FINE)
            for values in (evidence.own, evidence.others, evidence.known)
        )
        given = torch.cat([own, others, known.mean(dim=2, keepdim=True)], dim=2)
        learned = self.value(given.flatten(0, 1)).reshape(*given.shape[:2], -1, *given.shape[-2:])
        share = own / known.clamp_min(1e-6)
        voted = torch.where(known > 0, share, own.sum(2, keepdim=True) / known.sum(2, keepdim=True).clamp_min(1e-6))
        return torch.cat([voted.clamp(0.0, 1.0), learned], dim=2)

    def read(self, seen: Seen, keys: Tensor, values: Tensor, gaps: Tensor) -> Tensor:
        """What the memory says of every cell of B frames.

        Args:
            seen: the frames.
            keys: (B, C_k, M) of the memory's cells, F whole frames of the same size one after the other.
            values: (B, O, V, M).
            gaps: (B, F) frames between each of the memory and this one.

        Returns:
            (B, O, V, rows, columns).
        """
        read = weighted(values, *self.affinity.across(seen.key, keys, gaps))
        return read.reshape(*read.shape[:3], *seen.key.shape[-2:])

    def decode(self, seen: Seen, read: Tensor) -> Tensor:
        """(B, O, rows, columns) logits at stride 4 of O objects on B frames.

        Votes are weighed, never turned: an error that adds a little to every frame would be remembered and grow.
        """
        n_objects = read.shape[1]
        votes = functional.pixel_shuffle(read[:, :, :_CELLS], COARSE // FINE)[:, :, 0].flatten(0, 1)[:, None]
        edge = 1 / (1 + math.exp(_FARTHEST))
        votes = torch.logit(votes.clamp(edge, 1 - edge))
        x = functional.relu(self.coarse(read.flatten(0, 1)))
        x = functional.relu(self.middle(_twice(x)))
        x = functional.relu(self.fine(torch.cat([_twice(x), votes], dim=1)))
        weight = 2 * self.trust * torch.sigmoid(self.answer(x))
        return aligned_to_edges((weight * votes).reshape(-1, n_objects, *votes.shape[-2:]), seen.neighbours)


def from_points(network: MemoryNetwork, seen: Seen, points: Evidence) -> Tensor:
    """(B, O, rows, columns) logits of a frame by its own points: they are a memory in which only their cells answer."""
    values = network.remember(points).flatten(3)
    usable = functional.max_pool2d(points.known, 4).flatten(2) > 0
    read = weighted(values, *network.affinity.within(seen.key, seen.key.flatten(2), usable))
    return network.decode(seen, read.reshape(*read.shape[:3], *seen.key.shape[-2:]))


def aggregated(logits: Tensor) -> Tensor:
    """Objects of one frame against each other and the background.

    Args:
        logits: (B, O, rows, columns), each object against everything else.

    Returns:
        (B, O + 1, rows, columns) log-probabilities, the background first.

    Source: Oh et al., "Video Object Segmentation using Space-Time Memory Networks" (ICCV 2019), section 3.4.
    """
    background = functional.logsigmoid(-logits).sum(dim=1, keepdim=True).clamp(-16.0, -1e-7)
    odds = background - torch.log(-torch.expm1(background))
    return torch.log_softmax(torch.cat([odds, logits.clamp(-16.0, 16.0)], dim=1), dim=1)


def _convolution(n_in: int, n_out: int) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, 3, padding=1)


def _twice(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)

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

from stages.backends.embedded.features.backbone import CHANNELS
from stages.backends.memory_network.evidence import Evidence
from stages.backends.memory_network.features import COARSE, FINE, N_COARSE, Maps, coarse_cells

_CELLS = (COARSE // FINE) ** 2
"""Cells of a mask in one cell of the memory."""
_SHARPNESS = 8.0
"""Scale of the first keys: distances in ImageNet features become differences of affinity of some ten."""
_HERE, _ELSEWHERE = 50.0, 15.0
"""First costs in affinity of the length of a frame's short side, on the frame itself and to other frames."""
_FARTHEST, _TRUST = 4.0, 0.5
"""Logit of what the memory votes for unanimously, and the first weight of votes."""
_CONTRAST = 10.0
"""First scale of differences between neighbours."""
REACHES = (1, 2, 4, 1)
"""Cells between neighbours, pass by pass."""


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
        self.distance = nn.Parameter(torch.tensor([_HERE, _ELSEWHERE]).log())

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

    def read(self, seen: Seen, keys: Tensor, values: Tensor, usable: Tensor | None = None) -> Tensor:
        """What the memory says of every cell of B frames.

        Args:
            seen: the frames.
            keys: (B, C_k, M) of the memory's cells, whole frames of the same size one after the other.
            values: (B, O, V, M).
            usable: (B, O, M) bool: the memory is the frame itself, and these cells may answer for an object.

        Returns:
            (B, O, V, rows, columns).
        """
        weights, cells = self._best(seen.key, keys, usable)
        read = _weighted(values, weights, cells)
        return read.reshape(*read.shape[:3], *seen.key.shape[-2:])

    def _best(self, key: Tensor, keys: Tensor, usable: Tensor | None) -> tuple[Tensor, Tensor]:
        """Weights and numbers of the memory's best cells, (B, 1 or O, N, top) each, computed in float32 everywhere."""
        with torch.autocast(key.device.type, enabled=False):
            cost = self.distance[1 if usable is None else 0].exp()
            query = _placed(key.float(), cost, self.sizes.key)
            n_frames = keys.shape[-1] // query.shape[-1]
            keys = torch.cat([keys.float(), query[:, self.sizes.key :].repeat(1, 1, n_frames)], dim=1)
            affinity = 2 * torch.einsum("bcm,bcn->bnm", keys, query) - keys.square().sum(dim=1)[:, None]
            affinity = (affinity / math.sqrt(self.sizes.key))[:, None]
            if usable is not None:
                affinity = affinity.masked_fill(~usable[:, :, None], -1e4)
            best, cells = affinity.topk(min(self.sizes.top, affinity.shape[-1]), dim=-1)
            return torch.softmax(best, dim=-1), cells

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
        return drawn_onto_edges((weight * votes).reshape(-1, n_objects, *votes.shape[-2:]), seen.neighbours)


class Edges(nn.Module):
    """How alike neighbouring cells of stride 4 look."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.guide = nn.Conv2d(CHANNELS["b2"], channels, 1)
        nn.init.orthogonal_(self.guide.weight)
        self.contrast = nn.Parameter(torch.tensor(_CONTRAST).log())

    def neighbours(self, fine: Tensor) -> tuple[Tensor, ...]:
        """Weights of the nine cells around each, (B, 9, rows, columns), for each of REACHES."""
        guide = self.guide(functional.normalize(fine, dim=1))
        found = []
        for reach in REACHES:
            around = _around(guide, reach).unflatten(1, (guide.shape[1], 9))  # type: ignore[no-untyped-call]
            apart = (around - guide[:, :, None]).square().sum(dim=1)
            found.append(torch.softmax(-self.contrast.exp() * apart, dim=1))
        return tuple(found)


def drawn_onto_edges(logits: Tensor, neighbours: Sequence[Tensor]) -> Tensor:
    """(B, O, rows, columns) logits, each the mean of cells around it that look alike."""
    for reach, weights in zip(REACHES, neighbours, strict=True):
        around = _around(logits.flatten(0, 1)[:, None], reach).reshape(*logits.shape[:2], 9, *logits.shape[-2:])
        logits = (around * weights[:, None]).sum(dim=2)
    return logits


def from_points(network: MemoryNetwork, seen: Seen, points: Evidence) -> Tensor:
    """(B, O, rows, columns) logits of a frame by its own points: they are a memory in which only their cells answer."""
    values = network.remember(points).flatten(3)
    usable = functional.max_pool2d(points.known, 4).flatten(2) > 0
    return network.decode(seen, network.read(seen, seen.key.flatten(2), values, usable))


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


def _placed(key: Tensor, cost: Tensor, channels: int) -> Tensor:
    """(B, C_k + 2, N): keys and, as two more channels, where their cells are: distance squared costs ``cost``."""
    rows, columns = key.shape[-2:]
    y, x = (torch.arange(n, device=key.device, dtype=key.dtype) / min(rows, columns) for n in (rows, columns))
    place = torch.stack([y[:, None].expand(rows, columns), x.expand(rows, columns)])
    place = (place * (cost * math.sqrt(channels)).sqrt())[None].expand(len(key), -1, -1, -1)
    return torch.cat([key, place], dim=1).flatten(2)


def _weighted(values: Tensor, weights: Tensor, cells: Tensor) -> Tensor:
    """(B, O, V, N): sums of (B, O, V, M) values of (B, 1 or O, N, k) cells by their weights."""
    dense = torch.zeros((*weights.shape[:3], values.shape[-1]), dtype=weights.dtype, device=weights.device)
    dense = dense.scatter(-1, cells, weights)
    return torch.einsum("bovm,bonm->bovn", values, dense.expand(-1, values.shape[1], -1, -1))


def _convolution(n_in: int, n_out: int) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, 3, padding=1)


def _around(maps: Tensor, reach: int) -> Tensor:
    """(B, C · 9, rows, columns): of every cell the nine that are ``reach`` apart, itself among them."""
    padded = functional.pad(maps, (reach,) * 4, mode="replicate")
    return functional.unfold(padded, 3, dilation=reach).reshape(len(maps), -1, *maps.shape[-2:])


def _twice(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)

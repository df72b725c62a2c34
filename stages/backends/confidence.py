"""How decided a network is about the masks that it drew."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from stages.backends.devices import to_host
from stages.backends.propagator import Estimate

_CLAIMED = 0.05


def estimates(
    model: str, object_ids: Iterable[str], probabilities: Tensor, presence: Tensor | None = None
) -> dict[str, Estimate]:
    """The estimates of all objects of a frame; empty, of no quality, where no pixel is likelier the object than not.

    All is computed where the network is, for all objects at once: a byte a pixel leaves a GPU, in one copy a frame.

    Args:
        model: registry key, for messages.
        object_ids: n of them.
        probabilities: (n, h, w) float32 in [0, 1].
        presence: (n,) float32, the network's probability that each object is on the frame at all; 1 by default.

    Returns:
        By id; quality is the mean of |2p - 1| where p exceeds 0.05, times the presence.

    Raises:
        FloatingPointError: the network answered with NaN.

    >>> found = estimates("m", ["a", "b"], torch.tensor([[[0.9, 0.01]], [[0.4, 0.4]]]), torch.tensor([0.5, 1.0]))
    >>> [(round(one.quality, 6), one.probability.tolist()) for one in found.values()]
    [(0.4, [[230, 3]]), (0.0, [[0, 0]])]
    """
    maps, qualities = to_host(*_rounded(probabilities, presence))
    if np.isnan(qualities).any():
        raise FloatingPointError(f"{model} answered with NaN; on a GPU, try another one or the CPU")
    found = zip(object_ids, maps, qualities.tolist(), strict=True)
    return {object_id: Estimate(probability, quality) for object_id, probability, quality in found}


def _rounded(probabilities: Tensor, presence: Tensor | None) -> tuple[Tensor, Tensor]:
    """(n, h, w) uint8 maps and (n,) float32 qualities; NaN where a probability is not finite."""
    is_there = (probabilities > 0.5).flatten(1).any(dim=1)
    claimed = probabilities > _CLAIMED
    decided = ((2 * probabilities - 1).abs() * claimed).sum(dim=(1, 2)) / claimed.sum(dim=(1, 2)).clamp(min=1)
    quality = decided if presence is None else decided * presence
    maps = (probabilities * is_there[:, None, None]).nan_to_num(0.0).mul(255).round().to(torch.uint8)
    is_broken = ~torch.isfinite(probabilities).flatten(1).all(dim=1)
    return maps, torch.where(is_broken, torch.nan, torch.where(is_there, quality, 0.0))

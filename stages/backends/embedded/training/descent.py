"""One step of gradient descent, its learning rate, and the mean of the networks so far, which is what is kept."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_UPWARD = 0.05


def rate_at(share: float, peak: float) -> float:
    """The learning rate after a share of the steps: up for a twentieth, down along a cosine.

    >>> [round(rate_at(share, 1.0), 3) for share in (0.0, 0.05, 0.525, 1.0)]
    [0.05, 1.0, 0.501, 0.002]
    """
    if share < _UPWARD:
        return peak * (0.05 + 0.95 * share / _UPWARD)
    return peak * (0.002 + 0.998 * 0.5 * (1 + math.cos(math.pi * min(1.0, (share - _UPWARD) / (1 - _UPWARD)))))


def descend(network: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, longest: float) -> None:
    """Do a step; a gradient longer than ``longest`` is shortened to it, and one that is not finite changes nothing."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(network.parameters(), longest)
    if bool(torch.isfinite(norm)):
        optimizer.step()


@torch.no_grad()
def move_average(average: nn.Module, network: nn.Module, kept: float) -> None:
    """Move the mean towards the network: a share of ``kept`` in [0, 1] of it stays; what counts is copied."""
    for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - kept)
        else:
            mean.copy_(value)

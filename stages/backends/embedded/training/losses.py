"""What the click network is trained to make small."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from stages.backends.embedded.segmenter.click_network import Answer

_LEAST_AREA = 40
_RIM = 9


def losses(answer: Answer, truth: Tensor, known: Tensor, has_mask: Tensor) -> tuple[Tensor, Tensor]:
    """The loss of a batch, and the mean overlap with the truth.

    Masks are learned by normalised focal loss (Sofiiuk and others, RITM), soft overlap, cross-entropy along the rim and
    a coarse answer; the quality by its squared error; points by cross-entropy at the points, both sides counting alike.

    Args:
        answer: of the network.
        truth: (B, h, w) float, 1 on the object.
        known: (B, h, w) float, 1 where the truth is known.
        has_mask: (B,) bool, whether the whole mask is; else only the points that are known count.

    Returns:
        Two scalars; objects of a batch that are nearly out of view do not count.
    """
    logits = answer.logits[:, 0].float()
    overlap = _overlap(torch.sigmoid(logits) > 0.5, truth, known)
    weights = torch.where(has_mask, (_sum(truth * known) > _LEAST_AREA).float(), (_sum(known) > 0).float())
    weights = weights / weights.sum().clamp_min(1)
    masks = _mask_loss(answer, logits, truth, known) + 0.5 * (torch.sigmoid(answer.quality.float()) - overlap) ** 2
    each = torch.where(has_mask, masks, _point_loss(logits, truth, known))
    shown = weights * has_mask
    return (each * weights).sum(), ((overlap * shown).sum() / shown.sum().clamp_min(1e-6)).detach()


def _mask_loss(answer: Answer, logits: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    coarse = answer.coarse_logits[:, 0].float()
    truth8, known8 = (functional.avg_pool2d(values[:, None], 8)[:, 0] for values in (truth, known))
    coarse_loss = _soft_overlap(torch.sigmoid(coarse), truth8, known8) + _mean(_entropy(coarse, truth8), known8)
    wide, narrow = _widened(truth), -_widened(-truth)
    rim = _mean(_entropy(logits, truth), (wide - narrow) * known)
    return (
        0.6 * _focal(logits, truth, known)
        + _soft_overlap(torch.sigmoid(logits), truth, known)
        + 0.4 * rim
        + 0.3 * coarse_loss
    )


def _widened(values: Tensor) -> Tensor:
    """The maximum over squares of ``_RIM`` pixels; by rows and columns, which is four times as fast."""
    rows = functional.max_pool2d(values[:, None], (_RIM, 1), 1, (_RIM // 2, 0))
    return functional.max_pool2d(rows, (1, _RIM), 1, (0, _RIM // 2))[:, 0]


def _point_loss(logits: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    entropy = _entropy(logits, truth)
    return _mean(entropy, known * truth) + _mean(entropy, known * (1 - truth))


def _focal(logits: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    sign = 2 * truth - 1
    right = torch.sigmoid(logits * sign)
    weights = (1 - right) ** 2 * known
    scale = (_sum(known) / (_sum(weights) + 1e-4)).detach().clamp(max=1e4)
    return -_sum(weights * functional.logsigmoid(logits * sign)) * scale / (_sum(known) + 1)


def _soft_overlap(probability: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    probability, truth = probability * known, truth * known
    return 1 - (_sum(probability * truth) + 1) / (_sum(torch.maximum(probability, truth)) + 1)


def _overlap(answer: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    inside, own = answer * known, truth * known
    return (_sum(inside * own) / _sum(torch.maximum(inside, own)).clamp_min(1)).detach()


def _entropy(logits: Tensor, truth: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return _sum(values * weights) / (_sum(weights) + 1)


def _sum(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1)

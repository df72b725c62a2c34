"""Prompts answered with a scene: asked, refined with the model's own mask, and rated by its own scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from schemas.iou import iou
from schemas.prompts import Prompt
from stages.backends.sam.queries import Answer, Query, Scene
from stages.backends.segmenter import Segment

BATCH = 16
"""Prompts decoded together; bounds the memory that the masks of a crowded frame take."""
PASSES = 3
"""Refinements at most."""
SETTLED = 0.98
"""IoU of two consecutive masks from which on no further pass is made."""
HALF = 0.5
"""A mask misses its trace when it covers less of it than this, or lies by less than this inside the fence."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rated:
    answer: Answer
    score: float


def answered(scene: Scene, prompts: Sequence[Prompt]) -> list[Segment]:
    """One segment a prompt, in order."""
    segments: list[Segment] = []
    for start in range(0, len(prompts), BATCH):
        rated = _solve(scene, prompts[start : start + BATCH])
        segments += [Segment(one.answer.mask.cpu().numpy(), one.score) for one in rated]
    return segments


def _solve(scene: Scene, prompts: Sequence[Prompt]) -> list[_Rated]:
    """Ask, refine, and ask again with the fence where the mask misses its trace."""
    rated = _refined(scene, prompts, [_query(scene, prompt) for prompt in prompts])
    missed = [i for i, prompt in enumerate(prompts) if _misses(prompt, rated[i].answer)]
    if missed:
        fenced = [prompts[i] for i in missed]
        queries = [replace(_query(scene, prompt), box_px=prompt.fence_xyxy_px) for prompt in fenced]
        for i, second in zip(missed, _refined(scene, fenced, queries), strict=True):
            if not _misses(prompts[i], second.answer) or second.score > rated[i].score:
                rated[i] = second
    return rated


def _query(scene: Scene, prompt: Prompt) -> Query:
    """The first question; a given mask comes along with its box."""
    if prompt.mask is None:
        return Query(prompt.points_px, prompt.labels, prompt.box_xyxy_px)
    box = prompt.box_xyxy_px if prompt.box_xyxy_px is not None else _box(torch.tensor(prompt.mask))
    return Query(prompt.points_px, prompt.labels, box, scene.logits_of(prompt.mask))


def _refined(scene: Scene, prompts: Sequence[Prompt], queries: Sequence[Query]) -> list[_Rated]:
    """Ask with the model's own mask and its box until it settles; the best rated answer of all passes counts."""
    latest = scene.ask(queries)
    best = [_rate(prompt, answer) for prompt, answer in zip(prompts, latest, strict=True)]
    open_ones = [i for i, answer in enumerate(latest) if answer.mask.any()]
    for _ in range(PASSES):
        if not open_ones:
            break
        answers = scene.ask([_follow_up(queries[i], latest[i]) for i in open_ones])
        unsettled = []
        for i, answer in zip(open_ones, answers, strict=True):
            rated = _rate(prompts[i], answer)
            best[i] = max(best[i], rated, key=lambda one: one.score)
            if answer.mask.any() and iou(answer.mask.cpu().numpy(), latest[i].mask.cpu().numpy()) < SETTLED:
                unsettled.append(i)
            latest[i] = answer
        open_ones = unsettled
    return best


def _follow_up(query: Query, answer: Answer) -> Query:
    """The same points, the user's box or else the mask's, and the mask."""
    box = query.box_px if query.box_px is not None else _box(answer.mask)
    return replace(query, box_px=box, logits=answer.low)


def _rate(prompt: Prompt, answer: Answer) -> _Rated:
    """0.6 · estimated IoU + 0.3 · stability + 0.1 · share of the known positions that the mask covers, in [0, 1].

    Stability is the IoU of the masks cut at logits +1 and -1. An empty mask is worth nothing.
    """
    if not answer.mask.any():
        return _Rated(answer, 0.0)
    stability = float((answer.logits > 1).sum() / (answer.logits > -1).sum())
    score = 0.6 * min(max(answer.iou, 0.0), 1.0) + 0.3 * stability + 0.1 * _coverage(prompt, answer.mask)
    return _Rated(answer, min(score, 1.0))


def _coverage(prompt: Prompt, mask: Tensor) -> float:
    if not len(prompt.support_px):
        return 1.0
    x, y = torch.from_numpy(prompt.support_px.astype(np.int64)).to(mask.device).T
    return float(mask[y, x].float().mean())


def _misses(prompt: Prompt, answer: Answer) -> bool:
    """The prompt has a fence to fall back on, and the mask fails the trace or leaves the fence."""
    if prompt.fence_xyxy_px is None or prompt.box_xyxy_px is not None:
        return False
    mask = answer.mask
    if not mask.any() or _coverage(prompt, mask) < HALF:
        return True
    x0, y0, x1, y1 = np.round(prompt.fence_xyxy_px).astype(int).tolist()
    return float(mask[y0:y1, x0:x1].sum() / mask.sum()) < HALF


def _box(mask: Tensor) -> NDArray[np.float32]:
    """(4,) float32 half-open xyxy box of the true pixels of a mask that is not empty."""
    rows, columns = mask.any(dim=1).nonzero()[:, 0], mask.any(dim=0).nonzero()[:, 0]
    edges = torch.stack([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    return edges.cpu().numpy().astype(np.float32)

"""A few clicks put to the vote: where several choices of them lead to the same answer, it is likely the right one.

A click too many can spoil an answer as easily as help it, such as one on a tail that brings in the fence behind it.
So the clicks are asked about together and in every smaller choice. An answer has a vote when it holds the clicks that
were kept from it too; the majority decides a pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.prompts import Prompt
from stages.backends.segmenter import Segment

Array = NDArray[Any]
MOST_CLICKS = 3
"""More clicks say enough together, and have too many choices."""


def choices(prompt: Prompt) -> list[Prompt]:
    """The prompt, and of a person's two or three clicks the same with fewer of them; clicks off the object stay.

    >>> clicks = np.array([[1, 1], [9, 9], [5, 0]], dtype=np.float32)
    >>> found = choices(Prompt("1", "clicks", clicks, np.array([1, 1, 0]), clicks[:2]))
    >>> [prompt.points_px.astype(int).tolist() for prompt in found]
    [[[1, 1], [9, 9], [5, 0]], [[1, 1], [5, 0]], [[9, 9], [5, 0]]]
    """
    on, off = np.flatnonzero(prompt.labels == 1), np.flatnonzero(prompt.labels != 1)
    is_voted = prompt.kind == "clicks" and prompt.box_xyxy_px is None and n_choices(len(on)) > 1
    sizes = range(len(on) - 1, 0, -1) if is_voted else ()
    chosen = (np.array([*some, *off]) for size in sizes for some in combinations(on, size))
    return [prompt, *(_only(prompt, indices) for indices in chosen)]


def n_choices(n_clicks: int) -> int:
    """How many answers so many clicks on an object take.

    >>> [n_choices(n) for n in range(5)]
    [1, 1, 3, 7, 1]
    """
    return 2**n_clicks - 1 if 2 <= n_clicks <= MOST_CLICKS else 1


def vote(prompt: Prompt, answer: Callable[[Prompt], Segment]) -> Segment:
    """The majority of the answers to all :func:`choices` that hold every click; their mean quality.

    The answer to the whole prompt when no answer holds every click.
    """
    whole, *others = choices(prompt)
    first = answer(whole)
    if not others:
        return first
    clicks = prompt.points_px[prompt.labels == 1]
    voters = [found for found in (first, *map(answer, others)) if _holds(found.mask, clicks)]
    if not voters:
        return first
    mask = np.mean([found.mask for found in voters], axis=0) > 0.5
    return Segment(mask, float(np.mean([found.quality for found in voters])))


def _only(prompt: Prompt, indices: Array) -> Prompt:
    points, labels = prompt.points_px[indices], prompt.labels[indices]
    return replace(prompt, points_px=points, labels=labels, support_px=points[labels == 1])


def _holds(mask: NDArray[np.bool_], clicks: Array) -> bool:
    x, y = clicks.astype(int).T
    return bool(mask[y, x].all())

"""One mask corrected on one frame: clicks and the mask that was there become a prompt, and its answer a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Clicks
from schemas.prompts import Prompt
from stages.backends.segmenter import Segmenter
from stages.refine.constraints import VerifiedPoint, disagreements
from stages.refine.point_classifier import ObjectLikelihood
from stages.refine.several_answers import Answers, answers_to

Mask = NDArray[np.bool_]
Box = tuple[float, ...]
"""(x0, y0, x1, y1) half-open pixels."""
_SAME_BOX = 0.4
"""Intersection over union of a drawn box and the one around the old mask, from which on that mask is worth keeping."""
_ALIKE = 5.0
"""At full trust the likelihood counts as this many answers. Trust is about 0.75, so it slightly outweighs the three
answers; with 1.5 times that weight, J&F of corrected frames fell by up to .07 (DAVIS horsejump-high)."""
_STEPS = 3
"""How often a segmenter is asked with the same points, at most."""
_PROBES = 8
"""Places inside the mask that was there, for segmenters that do not take a mask."""


def correction_prompt(
    object_id: str, clicks: Clicks | None, prior: Mask | None, theirs: Sequence[tuple[float, float]] = (), box: Box = ()
) -> Prompt:
    """The prompt of clicks, a box or both on a frame that has a mask already.

    Args:
        object_id: which object.
        clicks: of the correction, in pixels; None with a box alone.
        prior: (H, W) bool, the mask that is corrected; None or empty where the object had none.
        theirs: clicks on other objects, which count against this one.
        box: drawn around the whole object; what the old mask holds outside of it does not count, and none of it does
            when the mask lies elsewhere. Empty without one.

    Raises:
        ValueError: nothing says where the object is.
    """
    given, said = (clicks.xy_px, clicks.labels) if clicks else ((), ())
    points = np.array([*given, *theirs], dtype=np.float32).reshape(-1, 2)
    labels = np.array([*said, *(0 for _ in theirs)], dtype=np.int8)
    own = points[labels == 1]
    if box and prior is not None:
        prior = _inside(prior, box)
    has_prior = prior is not None and bool(prior.any())
    if not has_prior and not len(own) and not box:
        raise ValueError("all clicks are off the object; give one on it")
    support = own
    if prior is not None and has_prior:
        support = np.concatenate([own, probes(prior, points[labels == 0])]).astype(np.float32)
    drawn = np.array(box, dtype=np.float32) if box else None
    kind = "clicks" if clicks else "box"
    return Prompt(object_id, kind, points, labels, support, drawn, mask=prior if has_prior else None)


def corrected(
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    prompt: Prompt,
    points: Sequence[VerifiedPoint],
    likelihood: ObjectLikelihood | None = None,
) -> tuple[Mask, float]:
    """The corrected mask, (H, W) bool, and the segmenter's trust in it; every click lies on its side of the edge.

    An answer is given back as the prior as long as it then contradicts fewer points.

    Args:
        segmenter: the run's; one that takes a mask starts from the prompt's.
        image: (H, W, 3) uint8 RGB.
        prompt: of all clicks and verified points; see :func:`correction_prompt`.
        points: the same, as the answer should agree with them.
        likelihood: how much each pixel looks like the object, where that is known.
    """
    best = answers_to(segmenter, image, prompt)
    for _ in range(_STEPS - 1):
        n_wrong = len(disagreements(points, best.mask))
        if not n_wrong or not best.mask.any():
            break
        again = answers_to(segmenter, image, replace(prompt, mask=best.mask))
        if len(disagreements(points, again.mask)) >= n_wrong:
            break
        best = again
    mask = best.mask
    if prompt.mask is not None and prompt.box_xyxy_px is None:
        mask = decided(prompt.mask, best, points, likelihood)
    return held_to_clicks(mask, prompt), best.quality


def held_to_clicks(mask: Mask, prompt: Prompt) -> Mask:
    """The mask with a small disc around every click where it contradicts the click.

    A disc ends halfway to the nearest click that says otherwise, so all clicks hold but those on one pixel.
    """
    height, width = mask.shape
    largest = max(2, round(0.006 * min(height, width)))
    places = np.clip(np.floor(prompt.points_px), 0, [width - 1, height - 1]).astype(int)
    held = mask.astype(np.uint8)
    for (x, y), label in zip(places.tolist(), prompt.labels.tolist(), strict=True):
        if held[y, x] != label:
            others = places[prompt.labels != label] - [x, y]
            room = (int(np.abs(others).max(axis=1).min()) - 1) // 2 if len(others) else largest
            cv2.circle(held, (x, y), max(0, min(largest, room)), int(label), -1)
    return np.asarray(held > 0)


def decided(
    prior: Mask, answers: Answers, points: Sequence[VerifiedPoint], likelihood: ObjectLikelihood | None = None
) -> Mask:
    """The old mask and the answers combined; how much a pixel looks like the object counts as some answers more.

    Where they differ, each connected part is decided by itself: by the nearest point, pixel by pixel, if points lie in
    the part; else by the mean of all answers and the old mask, which counts as one answer more and wins a tie.

    >>> prior, new = np.array([[True, False, False, False]]), np.array([[0.9, 0.9, 0.0, 0.6]], np.float32)
    >>> decided(prior, Answers(new, 3, 0.5), []).astype(int).tolist()
    [[1, 1, 0, 0]]
    >>> decided(prior, Answers(new, 3, 0.5), [(1, 0, 0), (3, 0, 1)]).astype(int).tolist()
    [[1, 0, 0, 1]]
    """
    if likelihood is not None:
        answers = answers.joined_by(likelihood.probability, _ALIKE * likelihood.trust)
    votes = answers.n * answers.mean + prior
    found = np.ascontiguousarray(np.where(prior, 2 * votes >= answers.n + 1, 2 * votes > answers.n + 1))
    for label, difference in ((1, answers.mask & ~prior), (0, prior & ~answers.mask)):
        _, parts = cv2.connectedComponents(difference.astype(np.uint8), connectivity=8)
        for part in sorted({int(parts[y, x]) for x, y, _ in points} - {0}):
            y, x = np.nonzero(parts == part)
            inside = np.array([point for point in points if parts[point[1], point[0]] == part])
            distances = np.hypot(x[:, None] - inside[:, 0], y[:, None] - inside[:, 1])
            changes = inside[distances.argmin(axis=1), 2] == label
            found[y, x] = np.where(changes, bool(label), not label)
    return found


def _inside(mask: Mask, box: Box) -> Mask:
    """What of a mask lies in a box; nothing when it is the mask of something else."""
    x0, y0, x1, y1 = (max(0, round(value)) for value in box)
    inside = np.zeros_like(mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return inside
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    shared = max(0, min(x1, right) - max(x0, left)) * max(0, min(y1, bottom) - max(y0, top))
    if shared >= _SAME_BOX * ((x1 - x0) * (y1 - y0) + (right - left) * (bottom - top) - shared):
        inside[y0:y1, x0:x1] = mask[y0:y1, x0:x1]
    return inside


def probes(prior: Mask, negatives: NDArray[np.float32]) -> NDArray[np.float32]:
    """Places deep inside a mask and far from what it should not hold, x first, the deepest first."""
    depth = cv2.distanceTransform(np.pad(prior, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    free = np.full(prior.shape, 255, dtype=np.uint8)
    for x, y in np.floor(negatives).astype(int).tolist():
        cv2.circle(free, (x, y), max(2, round(depth.max())), 0, -1)
    depth = np.where(free > 0, depth, 0)
    found: list[tuple[int, int]] = []
    while len(found) < _PROBES and depth.max() > 1:
        y, x = np.unravel_index(int(depth.argmax()), depth.shape)
        found.append((int(x), int(y)))
        cv2.circle(depth, found[-1], max(2, round(float(depth[y, x]))), 0.0, -1)
    return np.array(found, dtype=np.float32).reshape(-1, 2)

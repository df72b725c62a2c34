"""Speed of J and F against the plain formulas."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy import ndimage

from stages.evaluate.boundary import region_and_boundary
from tests.bench.commands import timed


def plain_boundary(mask: np.ndarray) -> np.ndarray:
    """Boundary map of a mask: pixels that differ from their east, south or south-east neighbour."""
    east, south, corner = (np.zeros_like(mask) for _ in range(3))
    east[:, :-1] = mask[:, 1:]
    south[:-1] = mask[1:]
    corner[:-1, :-1] = mask[1:, 1:]
    boundary = (mask ^ east) | (mask ^ south) | (mask ^ corner)
    boundary[-1] = mask[-1] ^ east[-1]
    boundary[:, -1] = mask[:, -1] ^ south[:, -1]
    boundary[-1, -1] = False
    return boundary


def plain_scores(predicted: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """J and F by dilation with a disk, written as the definition reads."""
    radius = int(np.ceil(0.008 * np.linalg.norm(truth.shape)))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = x * x + y * y <= radius * radius
    ours, theirs = plain_boundary(predicted), plain_boundary(truth)
    near_ours, near_theirs = (ndimage.binary_dilation(b, disk) for b in (ours, theirs))
    precision = (ours & near_theirs).sum() / max(1, ours.sum())
    recall = (theirs & near_ours).sum() / max(1, theirs.sum())
    union = (predicted | truth).sum()
    j = (predicted & truth).sum() / union if union else 1.0
    return float(j), float(2 * precision * recall / max(1e-12, precision + recall))


def measure(davis: Path, n_pairs: int = 40) -> dict[str, Any]:
    """Seconds a mask pair, fast and plain, and the largest difference, over neighbouring ground-truth masks."""
    files = sorted((davis / "Annotations/480p").glob("*/*.png"))[: n_pairs + 1]
    masks = [cv2.imread(str(f), cv2.IMREAD_GRAYSCALE) > 127 for f in files]
    pairs = [(a, b) for a, b in itertools.pairwise(masks) if a.any() and b.any()]
    fast_s, fast = timed(lambda: [region_and_boundary(b, a) for a, b in pairs])
    plain_s, plain = timed(lambda: [plain_scores(a, b) for a, b in pairs])
    return {
        "fast_ms": 1e3 * fast_s / len(pairs),
        "plain_ms": 1e3 * plain_s / len(pairs),
        "times": plain_s / fast_s,
        "largest_difference": float(np.abs(np.array(fast) - np.array(plain)).max()),
    }

"""Measure what goes into the backbone's blocks: ``python -m stages.backends.embedded.training.ranges``.

It prints the constants ``RANGES`` of :mod:`stages.backends.embedded.features.fused`, from scenes of our own.
"""

from __future__ import annotations

import numpy as np

from stages.backends.embedded.features.backbone import FLOAT32, load_backbone
from stages.backends.embedded.features.grids import working_grid
from stages.backends.embedded.training.outlines import load_outlined
from stages.backends.embedded.training.scenes import make_scene

_SHARE = 0.9999
"""Of the values; the few beyond are clipped."""


def measure_ranges(n_scenes: int = 60, seed: int = 0) -> tuple[float, ...]:
    """Largest magnitude that enters each of the sixteen blocks, but for one value in ten thousand of every scene.

    Args:
        n_scenes: how many scenes.
        seed: of the scenes.
    """
    outlined, backbone = load_outlined(), load_backbone("cpu", FLOAT32)
    largest = []
    for index in range(n_scenes):
        image = make_scene(outlined, np.random.default_rng([seed, index])).image
        entering = backbone.entering(image, working_grid(*image.shape[:2]))
        largest.append([float(np.quantile(np.abs(values.numpy()), _SHARE)) for values in entering])
    return tuple(np.max(largest, axis=0).round(1).tolist())


if __name__ == "__main__":
    print(measure_ranges())  # noqa: T201

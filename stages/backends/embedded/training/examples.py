"""Training examples of the combiner: cues of simulated prompts on a scene, and the truth of every cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Clicks
from stages.backends.embedded.features.backbone import Backbone
from stages.backends.embedded.features.cells import COARSE_STRIDE
from stages.backends.embedded.features.cues import cue_maps
from stages.backends.embedded.features.descriptors import describe, look
from stages.backends.embedded.features.evidence import gather
from stages.backends.embedded.features.grids import FULL_PIXELS, to_cells
from stages.backends.embedded.training.scenes import Scene
from stages.simulated_prompts import simulate_box, simulate_click, simulate_clicks, simulate_trace

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One prompt on one scene.

    Attributes:
        kind: the network that answers: ``click``, ``points`` or ``box``.
        cues: (rows, columns, n) float32.
        truth: (rows, columns) float32 in [0, 1], the share of a cell that is object.
    """

    kind: str
    cues: NDArray[np.float32]
    truth: NDArray[np.float32]


def make_examples(backbone: Backbone, scene: Scene, seed: int) -> Iterator[Example]:
    """A click, three clicks, a trace and a box on one scene; the frame is described once."""
    view = look(backbone, scene.image, FULL_PIXELS)
    descriptors = describe(backbone, view)
    scale = np.array([view.grid.width / scene.mask.shape[1], view.grid.height / scene.mask.shape[0]])
    truth = to_cells(scene.mask, view.grid, COARSE_STRIDE)
    for kind, support, box in _prompts(scene.mask, seed):
        scaled_box = None if box is None else box * np.tile(scale, 2)
        evidence = gather(view, descriptors, support * scale, np.zeros((0, 2)), scaled_box)
        yield Example(kind, cue_maps(view, descriptors, evidence), truth)


def _prompts(mask: NDArray[np.bool_], seed: int) -> Iterator[tuple[str, Array, Array | None]]:
    mode = "random" if seed % 3 == 0 else "center"
    yield "click", _points(simulate_click(mask, mode, seed)), None
    yield "points", _points(simulate_clicks(mask)), None
    height, width = mask.shape
    yield "points", np.floor(simulate_trace(mask, seed).xy_norm() * [width, height]), None
    yield "box", np.zeros((0, 2)), np.array(simulate_box(mask).xyxy_px)


def _points(clicks: Clicks) -> Array:
    return np.array(clicks.xy_px)

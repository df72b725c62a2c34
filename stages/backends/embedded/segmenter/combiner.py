"""The combiner: a tiny trained network that weighs cues into one logit a cell. Inference in numpy.

``combiner.npz`` beside this file is made by
``python -m stages.backends.embedded.training.combiner --out combiner.npz``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Array = NDArray[Any]
WEIGHTS = Path(__file__).with_name("combiner.npz")
KINDS = ("click", "points", "box")
"""A network for one seed, one for several, one for evidence with a box."""


@dataclass(frozen=True, slots=True, eq=False)
class Combiner:
    """Networks by kind; each is a list of members whose logits are averaged.

    Attributes:
        mean, scale: by kind, (cues,) float32: cues are normalised with them first.
        members: by kind, one tuple of (weight, bias) layers a member; weight (in, out).
    """

    mean: dict[str, Array]
    scale: dict[str, Array]
    members: dict[str, tuple[tuple[tuple[Array, Array], ...], ...]]

    def logits(self, kind: str, cues: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cues (rows, columns, n) → logits (rows, columns) float32."""
        x = (cues - self.mean[kind]) / self.scale[kind]
        total = np.mean([_forward(layers, x)[..., 0] for layers in self.members[kind]], axis=0)
        return np.asarray(total, dtype=np.float32)


def kind_of(n_seeds: int, has_box: bool) -> str:
    """Which network answers.

    >>> kind_of(1, False), kind_of(4, False), kind_of(8, True)
    ('click', 'points', 'box')
    """
    return "box" if has_box else "click" if n_seeds == 1 else "points"


def load_combiner(path: Path = WEIGHTS) -> Combiner:
    """Read the weights that ``stages.backends.embedded.training.combiner`` wrote."""
    with np.load(path) as arrays:
        return Combiner(
            {kind: arrays[f"{kind}.mean"] for kind in KINDS},
            {kind: arrays[f"{kind}.scale"] for kind in KINDS},
            {kind: _members(dict(arrays), kind) for kind in KINDS},
        )


def _members(arrays: dict[str, Array], kind: str) -> tuple[tuple[tuple[Array, Array], ...], ...]:
    names = sorted(name for name in arrays if name.startswith(f"{kind}.") and name.endswith(".weight"))
    members: dict[str, list[tuple[Array, Array]]] = {}
    for name in names:
        member = name.split(".")[1]
        members.setdefault(member, []).append((arrays[name], arrays[name.replace(".weight", ".bias")]))
    return tuple(tuple(layers) for layers in members.values())


def _forward(layers: tuple[tuple[Array, Array], ...], x: Array) -> Array:
    for index, (weight, bias) in enumerate(layers):
        x = x @ weight + bias
        if index < len(layers) - 1:
            x = 0.5 * x * (1.0 + erf(x / np.sqrt(2.0)))
    return x

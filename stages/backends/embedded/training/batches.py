"""Batches of the click network's training: the same for a step whoever makes them, and whenever."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stages.backends.embedded.segmenter.click_network import MULTIPLE
from stages.backends.embedded.segmenter.prompt_maps import Map
from stages.backends.embedded.training.hints import first_hints
from stages.backends.embedded.training.pictures import Picture
from stages.backends.embedded.training.views import TrainingView, take_view

_VIEW, _STEP = range(2)
"""What a random stream is for."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One step's views.

    Attributes:
        views: one a row.
        maps: (6, h, w) float32 a row: the hints that are given at first.
    """

    views: Sequence[TrainingView]
    maps: Sequence[Map]

    def pictures(self) -> Tensor:
        """(B, 3, h, w) float32, as the network takes them."""
        images = np.stack([view.image for view in self.views])
        return torch.from_numpy((images.astype(np.float32) - 127) / 128).permute(0, 3, 1, 2).contiguous()

    def truth(self) -> tuple[Tensor, Tensor, Tensor]:
        """(B, h, w) float32 truth and where it is known, and (B,) bool whether it is a mask."""
        truth, known = (np.stack([getattr(v, name) for v in self.views]) for name in ("truth", "known"))
        has_mask = torch.tensor([view.has_mask for view in self.views])
        return torch.from_numpy(truth.astype(np.float32)), torch.from_numpy(known.astype(np.float32)), has_mask


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """All batches of a training.

    Attributes:
        pictures: to train on.
        batch: rows of a batch.
        side: of the square views in pixels; others are flatter, with about as many pixels.
        seed: of everything.
    """

    pictures: Sequence[Picture]
    batch: int
    side: int
    seed: int

    def make(self, first: int, end: int, workers: int = 1) -> Iterator[Batch]:
        """The batches of steps ``first`` to ``end``, each made while the one before is in work."""
        chances = _chances(self.pictures)
        with ThreadPoolExecutor(max(workers, 1), thread_name_prefix="view") as pool:
            rows = {step: self._submit(pool, step, chances) for step in range(first, min(first + 1, end))}
            for step in range(first, end):
                if step + 1 < end:
                    rows[step + 1] = self._submit(pool, step + 1, chances)
                views, maps = zip(*rows.pop(step), strict=True)
                yield Batch(views, maps)

    def step_stream(self, step: int) -> np.random.Generator:
        """The random stream of what happens in a step behind its batch."""
        return np.random.default_rng([self.seed, _STEP, step])

    def _submit(
        self, pool: ThreadPoolExecutor, step: int, chances: NDArray[np.float64]
    ) -> Iterator[tuple[TrainingView, Map]]:
        size = self._size(step)
        return pool.map(partial(self._row, step, size, chances), range(self.batch))

    def _size(self, step: int) -> tuple[int, int]:
        """(height, width); every other batch is flat."""
        if step % 2 == 0:
            return self.side, self.side
        flat = [max(1, round(self.side * share / MULTIPLE)) * MULTIPLE for share in (2 / 3, 7 / 6)]
        return flat[0], flat[1]

    def _row(
        self, step: int, size: tuple[int, int], chances: NDArray[np.float64], row: int
    ) -> tuple[TrainingView, Map]:
        rng = np.random.default_rng([self.seed, _VIEW, step, row])
        picture = self.pictures[rng.choice(len(self.pictures), p=chances)]
        view = take_view(picture, int(rng.integers(len(picture.targets))), size, rng)
        return view, first_hints(view, rng)


def _chances(pictures: Sequence[Picture]) -> NDArray[np.float64]:
    """How often each picture is drawn: a source as often as the square root of its number of pictures."""
    counts = Counter(picture.source for picture in pictures)
    weights = np.array([1 / math.sqrt(counts[picture.source]) for picture in pictures])
    return np.asarray(weights / weights.sum())

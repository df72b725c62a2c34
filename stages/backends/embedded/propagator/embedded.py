"""The embedded propagator: online ridge classifiers on ImageNet features at two scales, with flow as a weak prior.

It downloads nothing. One pass of the backbone serves all objects of a frame. The embedded segmenter's click network
redraws masks, and what it looked at is what the classifiers learn from, two small linear systems each. The same
code runs on a CPU and on a GPU: what the classifiers of all objects say comes back
in one copy a frame, then each drawing, and what is learned is sent after them without waiting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stages.backends.embedded.features.backbone import Backbone, load_backbone
from stages.backends.embedded.features.cells import COARSE_STRIDE, FINE_STRIDE
from stages.backends.embedded.features.grids import resize_image, working_grid
from stages.backends.embedded.features.ridge import Each, Moments, measure_objects, score_all
from stages.backends.embedded.propagator.appearances import Appearance
from stages.backends.embedded.propagator.encodings import FrameEncoding
from stages.backends.embedded.propagator.recipes import FAST, FULL, Recipe
from stages.backends.embedded.propagator.tracks import LearningSamples, Scores, Track
from stages.backends.embedded.segmenter.click_predictor import WEIGHTS, ClickPredictor, load_click_predictor
from stages.backends.optical_flow import Motion
from stages.backends.propagator import Estimate

RECIPES = {"embedded": FULL, "embedded_fast": FAST}


class EmbeddedPropagator:
    """The model of every session: a backbone, the click network and a recipe."""

    def __init__(
        self, name: str, backbone: Backbone, predictor: ClickPredictor, recipe: Recipe, threads: int = 1
    ) -> None:
        self.name = name
        self._backbone = backbone
        self._predictor = predictor
        self._recipe = recipe
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="track") if threads > 1 else None

    def open(self, height: int, width: int) -> EmbeddedSession:
        """A new session; every frame brings its own working size, so the arguments are not needed."""
        return EmbeddedSession(self._recipe, self._predictor, self._pool.map if self._pool else map)

    def encode(self, image: NDArray[np.uint8]) -> FrameEncoding:
        """Features, colours and edges of a (H, W, 3) uint8 RGB frame."""
        recipe = self._recipe
        grid = working_grid(image.shape[0], image.shape[1], recipe.pixels)
        working = resize_image(image, grid)
        maps = self._backbone.features(working, grid)
        return FrameEncoding.of(working, maps, recipe.radius, recipe.epsilon)

    def pack(self, encoding: FrameEncoding) -> dict[str, NDArray[Any]]:
        """The frame at its working size and its feature maps, about 4.4 MB."""
        return encoding.pack()

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> FrameEncoding:
        """Inverse of :meth:`pack`."""
        return FrameEncoding.unpack(arrays, self._backbone.device, self._recipe.radius, self._recipe.epsilon)


class EmbeddedSession:
    """The live objects of one direction through one video.

    The click network draws the masks of so many objects a frame at most as the recipe says, of each in its turn.
    """

    def __init__(self, recipe: Recipe, predictor: ClickPredictor, each: Each = map) -> None:
        self._recipe = recipe
        self._predictor = predictor
        self._each = each
        self._n_steps = 0
        self._tracks: dict[str, Track] = {}
        self._grey: NDArray[np.uint8] | None = None

    @torch.no_grad()
    def start(self, encoding: FrameEncoding, masks: Mapping[str, NDArray[np.bool_]]) -> None:
        """Add or correct objects; see :class:`~stages.backends.propagator.PropagationSession`.

        Raises:
            ValueError: a new object's mask is empty.
        """
        self._grey = encoding.grey
        anchored: list[tuple[Track, LearningSamples]] = []
        for object_id, mask in masks.items():
            if mask.any():
                track = self._tracks.setdefault(object_id, Track(self._recipe, self._predictor))
                anchored.append((track, track.anchor(encoding.grid, mask)))
            elif object_id in self._tracks:
                self._tracks[object_id].mark_absent()
            else:
                raise ValueError(f"object {object_id!r} starts with an empty mask")
        for track, coarse, fine in self._measured(encoding, anchored):
            track.coarse.anchor(coarse)
            track.fine.anchor(fine)

    @torch.no_grad()
    def step(self, encoding: FrameEncoding) -> dict[str, Estimate]:
        """Find every live object on the next frame; the flow is measured once for all of them.

        Raises:
            RuntimeError: no object was started.
        """
        if self._grey is None:
            raise RuntimeError("step() before start()")
        motion = Motion.between(self._grey, encoding.grey, quick=True)  # a weak prior
        self._grey = encoding.grey
        tracks = list(self._tracks.values())
        scores = self._scores(encoding, tracks)
        drawn = [track.is_drawn(due) for track, due in zip(tracks, self._turns(), strict=True)]
        found = list(self._each(partial(Track.find, encoding=encoding, motion=motion), tracks, scores, drawn))
        images = [encoding.image if is_drawn else None for is_drawn in drawn]
        update = partial(Track.update, is_crowded=len(tracks) > self._recipe.drawn)
        updated = list(self._each(update, tracks, found, images))
        samples = [(track, sample) for track, (_, sample) in zip(tracks, updated, strict=True) if sample]
        for track, coarse, fine in self._measured(encoding, samples):
            track.coarse.observe(coarse)
            track.fine.observe(fine)
        return dict(zip(self._tracks, (estimate for estimate, _ in updated), strict=True))

    def _turns(self) -> list[bool]:
        """Whose masks it is the click network's turn to draw on this frame, in the order of the tracks."""
        self._n_steps += 1
        period = -(-len(self._tracks) // self._recipe.drawn)
        return [(self._n_steps + number) % period == 0 for number in range(len(self._tracks))]

    def _scores(self, encoding: FrameEncoding, tracks: Sequence[Track]) -> list[Scores]:
        """Of all objects in one product a scale, and from a GPU in one copy."""
        if not tracks:
            return []
        coarse = score_all(encoding.coarse, Appearance.classifiers([track.coarse for track in tracks], self._each))
        fine = score_all(encoding.fine, Appearance.classifiers([track.fine for track in tracks], self._each))
        values = torch.cat([coarse, fine], dim=1).cpu().numpy()
        shapes = encoding.grid.shape(COARSE_STRIDE), encoding.grid.shape(FINE_STRIDE)
        n_coarse = coarse.shape[1]
        return [Scores(row[:n_coarse].reshape(shapes[0]), row[n_coarse:].reshape(shapes[1])) for row in values]

    def _measured(
        self, encoding: FrameEncoding, samples: Sequence[tuple[Track, LearningSamples]]
    ) -> Iterator[tuple[Track, Moments, Moments]]:
        """What the cells of each sample look like, coarse and fine."""
        if not samples:
            return iter(())
        coarse, fine = [sample.coarse for _, sample in samples], [sample.fine for _, sample in samples]
        return zip(
            (track for track, _ in samples),
            measure_objects(encoding.coarse, coarse, encoding.background, self._each),
            measure_objects(encoding.fine, fine, encoding.fine_background, self._each),
            strict=True,
        )


def load_embedded(name: str, device: str, threads: int = 1, weights: Path = WEIGHTS) -> EmbeddedPropagator:
    """Load ``embedded`` or ``embedded_fast``, or ``embedded`` with a click network of other weights."""
    recipe = RECIPES.get(name, RECIPES["embedded"])
    return EmbeddedPropagator(name, load_backbone(device), load_click_predictor(device, weights), recipe, threads)

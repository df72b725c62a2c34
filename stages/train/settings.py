"""What decides the result of a training on clips."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_choice
from stages.backends.embedded.features.backbone import CHANNELS
from stages.backends.memory_network.features import N_COARSE
from stages.backends.memory_network.network import Sizes
from stages.train.augmentation import Augmentation
from stages.train.clip_pass import SUPERVISIONS
from stages.train.clips import ClipOptions
from stages.train.dataset import DatasetOptions

PRECISIONS = ("auto", "float32", "bfloat16")
"""Arithmetic of a step: bfloat16 where it pays, which is on a GPU, or as it says. Weights are float32 always."""


@dataclass(frozen=True, slots=True)
class ClipTraining:
    """Settings.

    Attributes:
        supervision: one of SUPERVISIONS.
        steps: of the optimizer, at most.
        batch: clips a step.
        height: of the frames as they are seen, in pixels, a multiple of 32.
        width: likewise.
        rate: highest learning rate.
        seed: of everything that is drawn.
        frames: of a clip.
        objects: of a clip, at most.
        points: of an object on a frame, at most.
        between: frames between annotated ones that a clip passes through, read from the videos.
        views: different views of a video in all; 0 for a new one each clip.
        measure_every: steps between looks at the held-out videos.
        scalar_steps: steps that train only the network's scalars: costs, sharpness, trust and contrast.
        capacity: how many times the channels of the smallest network.
        precision: one of PRECISIONS.
        patience: looks without progress after which the training ends; 0 for never.
    """

    supervision: str = "points"
    steps: int = 100
    batch: int = 2
    height: int = 256
    width: int = 448
    rate: float = 1e-3
    seed: int = 0
    frames: int = 3
    objects: int = 2
    points: int = 20
    between: int = 3
    views: int = 8
    measure_every: int = 50
    patience: int = 0
    scalar_steps: int = 100
    capacity: int = 1
    precision: str = "auto"

    def __post_init__(self) -> None:
        require_choice("supervision", self.supervision, SUPERVISIONS)
        require_choice("precision", self.precision, PRECISIONS)
        for name in ("steps", "batch", "measure_every", "capacity"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} must be at least 1")
        if self.height % 32 or self.width % 32 or min(self.height, self.width) < 64:
            raise ValueError(f"frames of {self.width}x{self.height} pixels: both must be multiples of 32, from 64 on")
        if self.frames < 2:
            raise ValueError(f"a clip of {self.frames} frames has nothing to learn from; give at least 2")

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the frames in pixels."""
        return self.height, self.width

    @property
    def sizes(self) -> Sizes:
        """Channels of the network."""
        smallest = Sizes()
        key, value, decoder, guide = (
            self.capacity * n for n in (smallest.key, smallest.value, smallest.decoder, smallest.guide)
        )
        return Sizes(min(key, N_COARSE), value, decoder, min(guide, CHANNELS["b2"]), smallest.top)

    def dataset_options(self, is_held_out: bool = False) -> DatasetOptions:
        """Of the clips to train on, or of those that are held out, which are never changed."""
        clip = ClipOptions(self.frames, self.objects, self.points, self.between)
        if is_held_out:
            return DatasetOptions(self.size, clip, augmentation=None, seed=self.seed, is_averaged=True)
        return DatasetOptions(self.size, clip, Augmentation(), views=self.views, seed=self.seed, is_averaged=True)

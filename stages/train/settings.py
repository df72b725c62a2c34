"""What decides the result of a training on clips."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_choice
from stages.train.augmentation import Augmentation
from stages.train.clip_pass import SUPERVISIONS
from stages.train.clips import ClipOptions
from stages.train.dataset import DatasetOptions


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
        views: different views of a video in all; 0 for a new one each clip.
        measure_every: steps between looks at the held-out videos.
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
    views: int = 8
    measure_every: int = 50
    patience: int = 0

    def __post_init__(self) -> None:
        require_choice("supervision", self.supervision, SUPERVISIONS)
        for name in ("steps", "batch", "measure_every"):
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

    def dataset_options(self, is_held_out: bool = False) -> DatasetOptions:
        """Of the clips to train on, or of those that are held out, which are never changed."""
        clip = ClipOptions(self.frames, self.objects, self.points)
        if is_held_out:
            return DatasetOptions(self.size, clip, augmentation=None, seed=self.seed, is_averaged=True)
        return DatasetOptions(self.size, clip, Augmentation(), views=self.views, seed=self.seed, is_averaged=True)

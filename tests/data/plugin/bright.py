"""A segmenter in a package of its own: everything about as bright as what was clicked, round the clicks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.prompts import Prompt
from stages.backends.segmenter import Segment

TOLERANCE = 60
REACH_PX = 40


class BrightSegmenter:
    name = "bright"

    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        grey = image.mean(axis=2)
        rows, columns = np.indices(grey.shape)
        segments = []
        for prompt in prompts:
            x, y = prompt.support_px.mean(axis=0)
            alike = abs(grey - grey[int(y), int(x)]) < TOLERANCE
            near = np.hypot(columns - x, rows - y) < REACH_PX
            segments.append(Segment(alike & near, quality=0.5))
        return segments


def load(device: str) -> BrightSegmenter:
    return BrightSegmenter()

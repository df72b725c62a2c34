"""Shot cuts, found while frames stream by; shared ground.

A cut is where the picture changes much more than around it (PySceneDetect's adaptive detector) and much at all (its
content score), so that fast motion is no cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from schemas.frames import Frame

WINDOW_FRAMES = 2
_WIDTH_PX = 160
_TIMES_ITS_SURROUNDINGS = 2.5
_LEAST_CONTENT = 20.0
_LEAST_SHOT_FRAMES = 3


def _detector() -> AdaptiveDetector:
    return AdaptiveDetector(
        adaptive_threshold=_TIMES_ITS_SURROUNDINGS,
        min_content_val=_LEAST_CONTENT,
        min_scene_len=_LEAST_SHOT_FRAMES,
        window_width=WINDOW_FRAMES,
    )


@dataclass(slots=True)
class ShotCuts:
    """The cuts of one video.

    Attributes:
        frames: indices of the first frames of new shots. When :meth:`watch` hands out a frame, whether it is in here
            is final.
    """

    frames: set[int] = field(default_factory=set)
    _detector: Any = field(default_factory=_detector)

    def watch(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """Pass frames on, ``WINDOW_FRAMES`` late: whether a frame begins a shot shows in those that follow it."""
        late: deque[Frame] = deque()
        for frame in frames:
            late.append(frame)
            self._look_at(frame)
            if len(late) > WINDOW_FRAMES:
                yield late.popleft()
        yield from late

    def _look_at(self, frame: Frame) -> None:
        height, width = frame.image.shape[:2]
        size = (_WIDTH_PX, max(1, round(height * _WIDTH_PX / width)))
        small = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
        found = self._detector.process_frame(FrameTimecode(frame.idx, 25.0), np.ascontiguousarray(small[..., ::-1]))
        self.frames.update(cut.frame_num for cut in found)

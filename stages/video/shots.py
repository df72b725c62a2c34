"""Shot cuts, found while frames stream by; shared ground.

A cut is where the picture changes much more than around it (PySceneDetect's adaptive detector) and much at all (its
content score), so that fast motion is not a cut, and where what comes after is another scene than what was before, so
that a flash, a black or broken frame and lights that go off or on are not cuts either.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

import cv2

from schemas.frames import Frame
from stages.resize import shrink
from stages.video.no_programs import no_programs
from stages.video.scene_similarity import WIDTH_PX, FrameSummary, has_same_colours, is_same_scene

with no_programs():  # it would start ffmpeg to see whether there is one: a quarter of a second of every worker
    from scenedetect import FrameTimecode
    from scenedetect.detectors import AdaptiveDetector

LOOK_AHEAD_FRAMES = 4
"""A disturbance of as many frames ends in view; a longer one is told by what it leaves of the picture."""
_LOOK_BACK_FRAMES = LOOK_AHEAD_FRAMES + 1
_WINDOW_FRAMES = 2
_TIMES_ITS_SURROUNDINGS = 2.5
_LEAST_CONTENT = 20.0
_LEAST_SHOT_FRAMES = 3


def _detector() -> AdaptiveDetector:
    return AdaptiveDetector(
        adaptive_threshold=_TIMES_ITS_SURROUNDINGS,
        min_content_val=_LEAST_CONTENT,
        min_scene_len=_LEAST_SHOT_FRAMES,
        window_width=_WINDOW_FRAMES,
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
    _seen: deque[FrameSummary] = field(default_factory=lambda: deque(maxlen=_LOOK_BACK_FRAMES + LOOK_AHEAD_FRAMES + 1))
    _suspects: deque[int] = field(default_factory=deque)

    def watch(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """Pass frames on, ``LOOK_AHEAD_FRAMES`` late: whether a frame begins a shot shows in those that follow it."""
        late: deque[Frame] = deque()
        for frame in frames:
            late.append(frame)
            self._remember(frame)
            if len(late) > LOOK_AHEAD_FRAMES:
                yield late.popleft()
        self._decide(until=None)
        yield from late

    def _remember(self, frame: Frame) -> None:
        height, width = frame.image.shape[:2]
        small = shrink(frame.image, (max(1, round(height * WIDTH_PX / width)), WIDTH_PX))
        found = self._detector.process_frame(FrameTimecode(frame.idx, 25.0), cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        self._suspects.extend(cut.frame_num for cut in found)
        summary = FrameSummary.at(frame.idx, small)
        if not summary.is_blank:
            self._seen.append(summary)
        self._decide(until=frame.idx - LOOK_AHEAD_FRAMES)

    def _decide(self, until: int | None) -> None:
        """Settle the suspects up to a frame, or all."""
        while self._suspects and (until is None or self._suspects[0] <= until):
            suspect = self._suspects.popleft()
            if self._begins_shot(suspect):
                self.frames.add(suspect)

    def _begins_shot(self, suspect: int) -> bool:
        """Whether no picture after ``suspect`` shows the scene of one before it.

        Blank frames count for neither side. Where only they follow, the lights went off; whether a new shot begins
        shows when there are pictures again, in the colours if that took long.
        """
        before = [summary for summary in self._seen if summary.frame_idx < suspect][: -_LOOK_BACK_FRAMES - 1 : -1]
        after = [summary for summary in self._seen if summary.frame_idx >= suspect]
        if not before or not after:
            return not before
        if after[0].frame_idx - before[0].frame_idx > _LOOK_BACK_FRAMES:
            return not has_same_colours(before[0], after[0])
        return not any(is_same_scene(one.grey, other.grey) for one in before for other in after)

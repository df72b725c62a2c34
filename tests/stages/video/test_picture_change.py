import cv2
import numpy as np
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from stages.video.picture_change import SuddenChanges


def test_sudden_changes_are_those_of_pyscenedetect():
    random = np.random.default_rng(0)
    levels = np.repeat(random.integers(0, 255, (60, 3)), random.integers(1, 9, 60), axis=0)
    frames = [random.normal(level, 12, (30, 40, 3)).clip(0, 255).astype(np.uint8) for level in levels]
    frames[100:120] = frames[100:101] * 20  # a stretch in which nothing changes at all
    theirs = AdaptiveDetector(adaptive_threshold=2.5, min_content_val=20.0, min_scene_len=3, window_width=2)
    expected = [cut.frame_num for i, f in enumerate(frames) for cut in theirs.process_frame(FrameTimecode(i, 25.0), f)]
    changes = SuddenChanges()
    found = [changes.add(i, cv2.cvtColor(frame, cv2.COLOR_BGR2HSV)) for i, frame in enumerate(frames)]
    assert [idx for idx in found if idx is not None] == expected
    assert len(expected) > 10

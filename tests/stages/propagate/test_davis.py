"""The embedded propagator on real sequences, from the first frame's true mask."""

import cv2
import numpy as np
import pytest
import torch

from schemas.frames import Frame
from schemas.iou import iou
from schemas.object_masks import ObjectMask
from stages.backends.propagators import load_propagator
from stages.propagate.bidirectional import Task, propagate


@pytest.fixture(scope="module")
def propagator():
    torch.set_num_threads(1)
    return load_propagator("embedded", "cpu")


def read(davis, sequence, numbers):
    frames, masks = [], []
    for idx, number in enumerate(numbers):
        image = cv2.imread(str(davis / f"JPEGImages/480p/{sequence}/{number:05d}.jpg"))
        frames.append(Frame(idx, idx / 24, np.ascontiguousarray(image[..., ::-1])))
        masks.append(
            cv2.imread(str(davis / f"Annotations/480p/{sequence}/{number:05d}.png"), cv2.IMREAD_GRAYSCALE) > 127
        )
    return frames, masks


def overlaps(propagator, frames, masks, anchored, folder):
    """J of every frame but the anchored one."""
    seed = ObjectMask("v", "it", anchored, masks[anchored], "human", "", 1.0).row()
    tracked = propagate(iter(frames), Task("v", {anchored: [seed]}, {}, propagator, folder / "spool"))
    found = {row.frame_idx: row.mask for row in tracked}
    nothing = np.zeros_like(masks[0])
    return [iou(mask, found.get(idx, nothing)) for idx, mask in enumerate(masks) if idx != anchored]


def test_a_dog_is_followed_forward_and_back(davis, propagator, tmp_path):
    frames, masks = read(davis, "dog", range(0, 40, 4))
    assert np.mean(overlaps(propagator, frames, masks, 0, tmp_path)) > 0.8
    assert np.mean(overlaps(propagator, frames, masks, 5, tmp_path)) > 0.85


@pytest.mark.slow
def test_a_middle_anchor_beats_the_first_frame_on_average(davis, propagator, tmp_path):
    gains = []
    for sequence in ("breakdance", "horsejump-high"):
        frames, masks = read(davis, sequence, range(40))
        first = np.mean(overlaps(propagator, frames, masks, 0, tmp_path))
        gains.append(np.mean(overlaps(propagator, frames, masks, 20, tmp_path)) - first)
    assert np.mean(gains) > 0


@pytest.mark.slow
def test_both_ways_from_the_middle_beat_one_way_in_either_direction(davis, propagator, tmp_path):
    frames, masks = read(davis, "dog", range(0, 40, 2))
    middle, turned = 10, slice(10, None, -1)
    both = overlaps(propagator, frames, masks, middle, tmp_path)
    ahead = overlaps(propagator, renumbered(frames[middle:]), masks[middle:], 0, tmp_path)
    back = overlaps(propagator, renumbered(frames[turned]), masks[turned], 0, tmp_path)
    assert sum(both) > max(sum(ahead), sum(back))
    assert both[middle:] == pytest.approx(ahead)
    assert np.mean(both[:middle]) == pytest.approx(np.mean(back), abs=0.01)


def renumbered(frames):
    """The frames as a video of their own."""
    return [Frame(idx, idx / 24, frame.image) for idx, frame in enumerate(frames)]

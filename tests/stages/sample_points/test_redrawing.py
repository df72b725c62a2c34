"""Candidates after a change of masks."""

from __future__ import annotations

import numpy as np

from schemas.frames import Frame
from schemas.masks import Mask, encode_rle
from stages.sample_points.options import SamplingOptions
from stages.sample_points.redrawing import MaskChange, redrawn

HEIGHT, WIDTH = 60, 80


def mask(object_id: str, frame_idx: int, left: int, quality: float = 0.8) -> Mask:
    drawing = np.zeros((HEIGHT, WIDTH), dtype=bool)
    drawing[20:45, left : left + 20] = True
    return Mask("v", object_id, frame_idx, HEIGHT, WIDTH, encode_rle(drawing), "propagator", "flow", quality, 1)


def test_where_one_of_two_objects_changed_only_it_is_asked_about_anew() -> None:
    masks = [mask(one, idx, left) for one, left in (("1", 5), ("2", 50)) for idx in range(6)]
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    change = MaskChange(masks, {("1", 2), ("1", 3)}, (), 1)
    found = redrawn([], change, lambda ids: [Frame(idx, 0.0, image) for idx in ids], {}, SamplingOptions(frames=3))
    assert {c.object_id for c in found} == {"1"}
    assert len({c.frame_idx for c in found}) == 1  # a third of its masks changed
    assert {c.frame_idx for c in found} < {2, 3}
    assert {c.round for c in found} == {1}


def test_of_frames_near_each_other_the_one_of_lowest_quality_is_asked_about() -> None:
    masks = [mask("1", idx, 5, quality=0.3 if idx in (3, 7) else 0.8) for idx in range(12)]
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    change = MaskChange(masks, {("1", idx) for idx in range(12)}, (), 1)
    found = redrawn([], change, lambda ids: [Frame(idx, 0.0, image) for idx in ids], {}, SamplingOptions(frames=2))
    assert {c.frame_idx for c in found} == {3, 7}

"""What the page says of a mask that is worth a look."""

from __future__ import annotations

import numpy as np

from pipeline.studio.views import jump_before
from schemas.masks import Mask, encode_rle


def mask(frame_idx: int, x: int) -> Mask:
    """A square of 10 pixels at (x, 5)."""
    drawn = np.zeros((20, 100), dtype=bool)
    drawn[5:15, x : x + 10] = True
    return Mask("a", "1", frame_idx, 20, 100, encode_rle(drawn), "propagator", "flow", 0.5)


def test_a_mask_that_goes_to_another_place_jumps_there_and_one_that_moves_does_not() -> None:
    masks = {idx: mask(idx, 2 * idx) for idx in range(10)} | {idx: mask(idx, 80) for idx in range(10, 30)}
    assert [jump_before(masks, idx) for idx in (5, 9, 10, 17, 18)] == [None, None, 10, 10, None]
    assert jump_before({9: masks[9], 11: masks[11]}, 11) is None, "nothing is known of the frame between"

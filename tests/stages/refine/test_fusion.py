"""A new mask and the one that was there, on a frame between a correction and an older annotation."""

import numpy as np
import pytest

from stages.refine.fusion import fuse, share_of


def test_beside_an_older_annotation_the_better_mask_counts_and_of_equals_the_new_one() -> None:
    new, old = np.array([[1, 1], [0, 0]], np.float32), np.array([[0, 1], [0, 1]], np.float32)
    unchanged = np.zeros((2, 2), np.float32)
    better, equal, worse = (share_of(0.1, quality, 0.6) for quality in (0.8, 0.6, 0.4))
    assert ((fuse(new, old, better, unchanged) > 0.5) == (new > 0.5)).all()
    assert ((fuse(new, old, equal, unchanged) > 0.5) == (new > 0.5)).all()
    assert ((fuse(new, old, worse, unchanged) > 0.5) == (old > 0.5)).all()


def test_beside_the_corrected_frame_the_new_mask_counts_unless_the_object_got_lost() -> None:
    assert [round(share_of(0.9, quality, 0.6), 1) for quality in (0.8, 0.6, 0.4, 0.1)] == [1.0, 0.9, 0.8, 0.1]


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_part_that_one_mask_lost_stays_unless_the_correction_took_it_away(share: float) -> None:
    whole, part, unchanged = (np.zeros((60, 60), np.float32) for _ in range(3))
    whole[10:50, 10:50] = 1
    part[10:40, 10:50] = 1
    assert ((fuse(part, whole, share, unchanged) > 0.5) == (whole > 0.5)).all()
    assert ((fuse(whole, part, share, unchanged) > 0.5) == (whole > 0.5)).all()
    assert ((fuse(part, whole, 0.6, whole - part) > 0.5) == (part > 0.5)).all()


def test_near_the_corrected_frame_nothing_is_kept_that_the_new_mask_lacks() -> None:
    whole, part, unchanged = (np.zeros((60, 60), np.float32) for _ in range(3))
    whole[10:50, 10:50] = 1
    part[10:40, 10:50] = 1
    assert ((fuse(part, whole, 0.9, unchanged, is_near=True) > 0.5) == (part > 0.5)).all()
    assert ((fuse(whole, part, 0.1, unchanged, is_near=True) > 0.5) == (whole > 0.5)).all()


def test_a_thin_rim_and_a_speck_are_no_parts() -> None:
    new, old, unchanged = (np.zeros((60, 60), np.float32) for _ in range(3))
    new[10:50, 10:50] = 1
    old[8:52, 8:52] = old[:4, :4] = 1
    assert ((fuse(new, old, 0.6, unchanged) > 0.5) == (new > 0.5)).all()


@pytest.mark.parametrize(("height", "width"), [(240, 432), (480, 864)])
def test_what_is_thin_grows_with_the_frame(height: int, width: int) -> None:
    scale = height // 240
    for thickness, is_kept in ((2, False), (4, True)):
        new, old, unchanged = (np.zeros((height, width), np.float32) for _ in range(3))
        new[20 * scale : 120 * scale, 20 * scale : 120 * scale] = 1
        old[20 * scale : (120 + thickness) * scale, 20 * scale : 120 * scale] = 1
        wanted = old if is_kept else new
        assert ((fuse(new, old, 0.6, unchanged) > 0.5) == (wanted > 0.5)).all()


def test_a_lost_object_takes_nothing_from_a_mask_that_was_there() -> None:
    old, lost = np.full((2, 2), 0.9, np.float32), np.zeros((2, 2), np.float32)
    share = share_of(0.9, new_quality=0.0, old_quality=0.8)
    assert share == pytest.approx(0.0036, abs=0.0001)
    assert (fuse(lost, old, share, lost) > 0.5).all()

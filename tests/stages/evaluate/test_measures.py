"""J and F against the benchmark's definition, written out plainly."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from stages.evaluate.boundary import region_and_boundary, tolerance_px


def plain_boundary(mask):
    """Boundary pixels, neighbour by neighbour, with the frame's last row and column as the benchmark treats them."""
    east, south, south_east = np.zeros_like(mask), np.zeros_like(mask), np.zeros_like(mask)
    east[:, :-1] = mask[:, 1:]
    south[:-1, :] = mask[1:, :]
    south_east[:-1, :-1] = mask[1:, 1:]
    boundary = (mask ^ east) | (mask ^ south) | (mask ^ south_east)
    boundary[-1, :] = mask[-1, :] ^ east[-1, :]
    boundary[:, -1] = mask[:, -1] ^ south[:, -1]
    boundary[-1, -1] = False
    return boundary


def plain_scores(truth, mask):
    """Whole frames, void pixels left out (there are none), explicit dilation by a disk."""
    void = np.zeros_like(truth)
    shared = np.sum((truth & mask) & np.logical_not(void))
    union = np.sum((truth | mask) & np.logical_not(void))
    radius = int(np.ceil(0.008 * np.linalg.norm(truth.shape)))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (x**2 + y**2 <= radius**2).astype(np.uint8)
    sought = plain_boundary(truth * np.logical_not(void))
    found = plain_boundary(mask * np.logical_not(void))
    near_sought = cv2.dilate(sought.astype(np.uint8), disk)
    near_found = cv2.dilate(found.astype(np.uint8), disk)
    if found.sum() == 0 or sought.sum() == 0:
        precision, recall = float(found.sum() == 0), float(sought.sum() == 0)
    else:
        precision = np.sum(found * near_sought) / np.sum(found)
        recall = np.sum(sought * near_found) / np.sum(sought)
    f = 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)
    return (1.0 if union == 0 else shared / union), f


def blobs(rng, height, width, share):
    noise = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), float(rng.uniform(0.5, 6)))
    return noise > np.quantile(noise, 1 - share)


@pytest.mark.parametrize("seed", range(40))
def test_random_masks_score_as_the_plain_definition(seed):
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(1, 260)), int(rng.integers(1, 260))
    truth, mask = (blobs(rng, height, width, rng.choice([0, 0.02, 0.3, 0.9, 1])) for _ in range(2))
    assert region_and_boundary(truth, mask) == pytest.approx(plain_scores(truth, mask), abs=1e-9)


def real_masks(davis, name):
    paths = sorted((davis / "Annotations" / "480p" / name).glob("*.png"))
    return [np.asarray(Image.open(path)) > 0 for path in paths]


@pytest.mark.parametrize("name", ["bmx-trees", "breakdance", "dog"])
def test_real_masks_score_as_the_plain_definition(davis, name):
    masks = real_masks(davis, name)
    for truth, mask in zip(masks[::9], masks[1::9], strict=False):
        assert region_and_boundary(truth, mask) == pytest.approx(plain_scores(truth, mask), abs=1e-9)


def test_two_empty_masks_agree_and_one_empty_mask_does_not():
    empty = np.zeros((20, 30), dtype=bool)
    square = empty.copy()
    square[5:10, 5:10] = True
    assert region_and_boundary(empty, empty) == (1.0, 1.0)
    assert region_and_boundary(square, empty) == (0.0, 0.0)
    assert region_and_boundary(square, square) == (1.0, 1.0)


def test_a_mask_over_the_whole_frame_has_no_boundary():
    full = np.ones((20, 30), dtype=bool)
    assert region_and_boundary(full, full) == (1.0, 1.0)
    assert region_and_boundary(full, np.zeros_like(full)) == (0.0, 1.0)


def test_the_tolerance_grows_with_the_frame():
    assert [tolerance_px(480, 854), tolerance_px(1080, 1920), tolerance_px(1, 1)] == [8, 18, 1]

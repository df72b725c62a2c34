from __future__ import annotations

import numpy as np
import pytest

from verification_ui.media import drawing

TILE_PX = 192


def test_the_asked_pixel_is_the_middle_of_its_crop() -> None:
    image = np.zeros((100, 100, 3), dtype=np.uint8)
    image[40, 30] = (10, 200, 30)
    tile = drawing.crop(image, 30, 40, 33, TILE_PX)
    middle = TILE_PX // 2
    assert tile.shape == (TILE_PX, TILE_PX, 3)
    assert tile[middle - 1 : middle + 1, middle - 1 : middle + 1, 1].min() > 180


def test_outside_the_frame_is_dark_padding() -> None:
    image = np.full((50, 50, 3), 255, dtype=np.uint8)
    tile = drawing.crop(image, 0, 49, 41, TILE_PX)
    assert tile[10, 10].tolist() == [38, 34, 32]
    assert tile[-10, -10].tolist() == [38, 34, 32]
    assert tile[10, -10].tolist() == [255, 255, 255]


def test_the_ring_leaves_the_middle_free() -> None:
    tile = drawing.crop(np.full((200, 200, 3), 190, dtype=np.uint8), 100, 100, 101, TILE_PX)
    middle = TILE_PX // 2
    assert (tile[middle - 6 : middle + 6, middle - 6 : middle + 6] == 190).all()
    assert (tile[middle, middle + 10 : middle + 14] != 190).any()


@pytest.mark.parametrize(
    ("area", "height", "width", "side"),
    [(0, 480, 854, 97), (200 * 200, 480, 854, 121), (10**6, 480, 854, 161), (0, 1080, 1920, 217), (0, 120, 200, 25)],
)
def test_crops_grow_with_the_object_and_the_frame(area: int, height: int, width: int, side: int) -> None:
    assert drawing.crop_side_px(area, height, width) == side


def test_dark_crops_are_brightened_and_bright_ones_stay() -> None:
    dark = drawing.crop(np.full((99, 99, 3), 30, dtype=np.uint8), 50, 50, 33, TILE_PX)
    bright = drawing.crop(np.full((99, 99, 3), 180, dtype=np.uint8), 50, 50, 33, TILE_PX)
    assert dark[5, 5].tolist() == [66, 66, 66]
    assert bright[5, 5].tolist() == [180, 180, 180]


def test_the_crosshair_grows_with_the_tile() -> None:
    tile = drawing.crop(np.full((200, 200, 3), 190, dtype=np.uint8), 100, 100, 101, 512)
    assert (tile[240:272, 240:272] == 190).all()
    assert (tile[256, 256 + 28 : 256 + 36] != 190).any()


def test_corners_show_which_object_and_not_where_it_ends() -> None:
    mask = np.zeros((480, 854), dtype=bool)
    mask[200:300, 300:500] = True
    image = np.full((480, 854, 3), 90, dtype=np.uint8)
    shown = drawing.cornered(image, mask)
    ys, xs = np.nonzero((shown != 90).any(axis=2))
    assert (xs.min(), ys.min()) < (300 - 6, 200 - 6)
    assert (xs.max(), ys.max()) > (500 + 6, 300 + 6)
    assert (shown[200:300, 300:500] == 90).all()
    assert (drawing.cornered(image, np.zeros_like(mask)) == 90).all()


def test_the_outline_keeps_the_inside_and_dims_the_outside() -> None:
    mask = np.zeros((854, 854), dtype=bool)
    mask[300:500, 300:500] = True
    shown = drawing.outlined(np.full((854, 854, 3), 200, dtype=np.uint8), mask)
    assert shown[400, 400].tolist() == [200, 200, 200]
    assert shown[10, 10].tolist() == [90, 90, 90]
    assert shown[300, 400].tolist() == [60, 235, 255]


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1080, 1920), (720, 1280)), ((120, 200), (512, 854)), ((480, 854), (480, 854)), ((1000, 900), (1000, 900))],
)
def test_frames_are_brought_to_a_readable_size(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert drawing.shown_size(*size, (854, 1280))[:2] == expected

import numpy as np
import pytest

from stages.features.grids import FAST_PIXELS, Grid, resize_image, to_cells, to_pixels, working_grid


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (480, 854, Grid(480, 864)),
        (720, 1280, Grid(480, 864)),
        (2160, 3840, Grid(480, 864)),
        (854, 480, Grid(864, 480)),
        (500, 500, Grid(640, 640)),
        (144, 176, Grid(576, 704)),
        (40, 60, Grid(160, 240)),
    ],
)
def test_working_grid_keeps_the_aspect_ratio_and_the_number_of_pixels(height, width, expected):
    assert working_grid(height, width) == expected


def test_fast_working_grid():
    assert working_grid(480, 854, FAST_PIXELS) == Grid(368, 640)


def test_cells_cover_the_grid_even_when_the_stride_does_not_divide_it():
    assert Grid(33, 64).shape(32) == (2, 2)


def test_a_cell_is_the_mean_of_the_box_around_its_pixel():
    mask = np.random.default_rng(0).random((64, 96)).astype(np.float32)
    cells = to_cells(mask, Grid(64, 96), 4)
    assert cells.shape == (16, 24)
    # A box of 4 around pixel 20 covers pixels 18..21.
    np.testing.assert_allclose(cells[5, 7], mask[18:22, 26:30].mean(), rtol=1e-5)


def test_cells_sit_on_pixels_of_the_working_image():
    rows, columns = np.mgrid[0:12, 0:16].astype(np.float32)
    grid = Grid(48, 64)
    np.testing.assert_array_equal(to_pixels(columns, grid, 4, 48, 64)[0, ::4], columns[0])
    np.testing.assert_array_equal(to_pixels(rows, grid, 4, 48, 64)[::4, 0], rows[:, 0])


def test_pixels_of_a_larger_frame_are_interpolated_at_their_centres():
    columns = np.tile(np.arange(16, dtype=np.float32), (12, 1))
    pixels = to_pixels(columns, Grid(48, 64), 4, 96, 128)
    x = np.arange(128)
    exact = np.clip(((x + 0.5) * 64 / 128 - 0.5) / 4, 0, 15)
    np.testing.assert_allclose(pixels[0], exact, atol=1 / 32)  # OpenCV interpolates in steps of 1/32


def test_resizing_by_area_keeps_the_mean():
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    small = resize_image(image, Grid(48, 64))
    blocks = image.reshape(48, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - blocks).max() <= 1
    assert resize_image(image, Grid(96, 128)) is image
    assert resize_image(image, Grid(192, 256)).shape == (192, 256, 3)

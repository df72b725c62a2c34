import numpy as np
import pytest

from stages.backends.embedded.features.grids import FAST_PIXELS, Grid, resize_image, to_cells, to_pixels, working_grid


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


def test_a_cell_is_the_mean_of_its_block_of_pixels():
    mask = np.random.default_rng(0).random((64, 96)).astype(np.float32)
    cells = to_cells(mask, Grid(64, 96), 4)
    assert cells.shape == (16, 24)
    np.testing.assert_allclose(cells, mask.reshape(16, 4, 24, 4).mean(axis=(1, 3)), rtol=1e-5)


def test_cells_of_a_frame_of_another_size_keep_its_mean():
    mask = np.random.default_rng(0).random((120, 200)) > 0.5
    assert to_cells(mask, Grid(64, 96), 4).mean() == pytest.approx(mask.mean(), rel=1e-4)


def test_a_stride_that_does_not_divide_the_grid_is_refused():
    with pytest.raises(ValueError, match="stride 32 does not divide a grid of 48 x 64 pixels"):
        to_cells(np.zeros((48, 64), dtype=bool), Grid(48, 64), 32)


@pytest.mark.parametrize(("height", "width"), [(48, 64), (96, 128), (60, 100)])
def test_pixels_are_interpolated_between_cell_centres(height, width):
    cells = np.add.outer(100 * np.arange(12), np.arange(16)).astype(np.float32)
    row = np.clip((np.arange(height) + 0.5) * 12 / height - 0.5, 0, 11)
    column = np.clip((np.arange(width) + 0.5) * 16 / width - 0.5, 0, 15)
    np.testing.assert_allclose(
        to_pixels(cells, Grid(48, 64), 4, height, width), np.add.outer(100 * row, column), atol=1e-2
    )


def test_resizing_by_area_keeps_the_mean():
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    small = resize_image(image, Grid(48, 64))
    blocks = image.reshape(48, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - blocks).max() <= 1
    assert resize_image(image, Grid(96, 128)) is image
    assert resize_image(image, Grid(192, 256)).shape == (192, 256, 3)

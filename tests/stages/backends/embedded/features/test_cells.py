import cv2
import numpy as np
import torch

from stages.backends.embedded.features.cells import coarse_cells, colour_cells, enlarge, fine_cells, halve
from stages.backends.embedded.features.grids import Grid

RNG = np.random.default_rng(0)
GRID = Grid(64, 96)


def maps():
    channels = {"b0": (2, 16), "b2": (4, 24), "b4": (8, 40), "b10": (16, 112), "b15": (32, 320)}
    return {
        level: torch.from_numpy(RNG.normal(size=(*GRID.shape(stride), n)).astype(np.float32))
        for level, (stride, n) in channels.items()
    }


def test_enlarging_interpolates_between_block_centres_and_cuts():
    ramp = torch.arange(5.0)[None, :, None].expand(3, 5, 1) + 10 * torch.arange(3.0)[:, None, None]
    dense = enlarge(ramp, 4, (11, 18))[..., 0]
    rows = np.clip((np.arange(11) + 0.5) / 4 - 0.5, 0, 2)
    columns = np.clip((np.arange(18) + 0.5) / 4 - 0.5, 0, 4)
    np.testing.assert_allclose(dense.numpy(), np.add.outer(10 * rows, columns), atol=1e-5)


def test_halving_is_the_mean_of_four():
    values = torch.from_numpy(RNG.normal(size=(6, 8, 2)).astype(np.float32))
    np.testing.assert_allclose(halve(values)[1, 2].numpy(), values[2:4, 4:6].mean(dim=(0, 1)).numpy(), rtol=1e-5)


def test_coarse_cells_have_unit_parts_of_fixed_weight():
    cells = coarse_cells(maps(), GRID)
    assert cells.shape == (8 * 12, 472)
    squared = [part.square().sum(dim=1) for part in torch.split(cells, [40, 112, 320], dim=1)]
    for part, weight in zip(squared, [0.5, 1.0, 1.0], strict=True):
        np.testing.assert_allclose(part.numpy(), weight, rtol=1e-5)


def test_fine_cells_join_features_and_colour_and_take_b0_halved_or_not():
    image = RNG.integers(0, 256, (64, 96, 3), dtype=np.uint8)
    levels = maps()
    cells = fine_cells(levels, image, GRID)
    assert cells.shape == (16 * 24, 89)
    assert torch.equal(cells, fine_cells({**levels, "b0": halve(levels["b0"])}, image, GRID))
    assert torch.equal(cells[:, 24:33].reshape(16, 24, 9), colour_cells(image))


def test_colour_cells_are_scaled_lab_and_its_products():
    image = np.full((16, 16, 3), (200, 30, 60), dtype=np.uint8)
    lab = cv2.cvtColor(image[:1, :1].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    light, a, b = (lab - [50, 0, 0]) / [25, 15, 15]
    exact = np.clip([light, a, b, light**2, a**2, b**2, light * a, light * b, a * b], -6, 6) / 4
    np.testing.assert_allclose(colour_cells(image)[2, 2].numpy(), exact, rtol=1e-4)

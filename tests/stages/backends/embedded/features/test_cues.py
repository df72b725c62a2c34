import cv2
import numpy as np
import pytest

from stages.backends.embedded.features.backbone import load_backbone
from stages.backends.embedded.features.cues import MAX_SEEDS, Evidence, cue_maps, rivalry, to_cell, typical_seeds
from stages.backends.embedded.features.descriptors import describe, look
from stages.backends.embedded.features.evidence import deep_points, gather

NOTHING = np.zeros((0, 2))


def picture():
    """A red disc on green grain, 240 x 320."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 60, (240, 320, 3)).astype(np.uint8)
    image[..., 1] += 90
    mask = cv2.circle(np.zeros((240, 320), np.uint8), (200, 120), 50, 1, -1).astype(bool)
    image[mask] = rng.integers(0, 40, (int(mask.sum()), 3)) + np.array([190, 20, 20])
    return image, mask


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("cpu")


@pytest.fixture(scope="module")
def seen(backbone):
    view = look(backbone, picture()[0], 240 * 320)
    return view, describe(backbone, view)


def test_a_pixel_lies_in_its_block_and_is_clipped():
    assert to_cell(np.array([[15.9, 3.0], [16.0, 8.0], [-9, 900]]), (10, 10)).tolist() == [[0, 1], [1, 2], [9, 0]]
    assert to_cell(np.array([[48.0, 16.0]]), (10, 10), 16).tolist() == [[1, 3]]


def test_the_working_image_keeps_its_size_and_cells_are_unit(seen):
    view, descriptors = seen
    assert view.image.shape == (240, 320, 3)
    assert view.shape == (30, 40)
    assert [level.shape for level in descriptors.levels] == [(30, 40), (15, 20), (8, 10), (8, 10), (8, 10)]
    for level in descriptors.levels:
        assert np.allclose(level.cells.norm(dim=-1).numpy(), 1, atol=1e-4)
    assert descriptors.colours.lab.shape == (60, 80, 3)


def test_a_descriptor_at_the_centre_of_a_cell_is_that_cell_and_between_cells_their_mean(seen):
    level = seen[1].levels[0]
    assert np.allclose(level.at(np.array([[19.5, 27.5]])), level.cells[3, 2], atol=1e-5)
    mean = level.cells[3, 2] + level.cells[3, 3]
    assert np.allclose(level.at(np.array([[23.5, 27.5]]))[0], mean / mean.norm(), atol=1e-5)


def test_there_are_thirty_two_cues_and_three_more_with_a_box(seen):
    cut = np.zeros((240, 320), dtype=bool)
    evidence = Evidence(np.array([[200.0, 120.0]]), None, cut)
    boxed = Evidence(evidence.seeds, np.array([150.0, 70, 250, 170]), cut)
    assert cue_maps(*seen, evidence).shape == (30, 40, 32)
    assert cue_maps(*seen, boxed).shape == (30, 40, 35)
    assert np.isfinite(cue_maps(*seen, boxed)).all()


def test_cells_of_the_disc_are_nearer_to_its_seed_than_the_ground(seen):
    mask = picture()[1]
    cues = cue_maps(*seen, Evidence(np.array([[200.0, 120.0]]), None, mask))
    inside = mask[::8, ::8]
    texture, colour_way, colour = cues[..., 0], cues[..., 10], cues[..., 11]
    assert texture[inside].mean() > texture[~inside].mean() + 0.05
    assert colour_way[inside].mean() < colour_way[~inside].mean() - 1
    assert colour[inside].mean() < colour[~inside].mean() - 1
    assert cues[..., 19][inside].mean() > 0.9
    colour_from_border = cues[..., 31]
    assert colour_from_border[inside].mean() > colour_from_border[~inside].mean() + 1


def test_seeds_that_slipped_onto_flat_ground_are_left_out_unless_the_object_is_flat(backbone):
    image = np.full((240, 320, 3), 235, dtype=np.uint8)
    image[120:] = np.random.default_rng(0).integers(0, 255, (120, 320, 3))
    descriptors = describe(backbone, look(backbone, image, 240 * 320))
    slipping = np.stack([np.full(40, 160.0), np.linspace(40, 220, 40)], axis=1)
    assert (typical_seeds(slipping, descriptors)[:, 1] > 120).all()
    on_the_flat = np.stack([np.linspace(60, 260, 40), np.full(40, 60.0)], axis=1)
    assert len(typical_seeds(on_the_flat, descriptors)) == MAX_SEEDS - 2


def test_long_traces_are_thinned_and_odd_seeds_left_out(seen):
    on_disc = np.stack([np.linspace(170, 230, 50), np.full(50, 120.0)], axis=1)
    assert len(typical_seeds(on_disc, seen[1])) == MAX_SEEDS - 2
    slipped = np.concatenate([on_disc[::10], [[40.0, 40.0]]])
    assert [40.0, 40.0] not in typical_seeds(slipped, seen[1]).tolist()
    assert typical_seeds(slipped[-3:], seen[1]).tolist() == slipped[-3:].tolist()


def test_evidence_of_a_click_cuts_out_the_disc(seen):
    mask = picture()[1]
    evidence = gather(*seen, np.array([[200.0, 120.0]]), NOTHING)
    assert (evidence.cut & mask).sum() / (evidence.cut | mask).sum() > 0.9


def test_evidence_of_a_box_has_seeds_inside_the_object(seen):
    mask = picture()[1]
    evidence = gather(*seen, NOTHING, NOTHING, np.array([140.0, 60, 260, 180]))
    seeds = evidence.seeds.astype(int)
    assert 1 <= len(seeds) <= 8
    assert mask[seeds[:, 1], seeds[:, 0]].mean() > 0.8


def test_the_fence_bounds_the_cut(seen):
    evidence = gather(*seen, np.array([[200.0, 120.0]]), NOTHING, None, np.array([180.0, 100, 220, 140]))
    assert not evidence.cut[:, :170].any()
    assert not evidence.cut[:, 230:].any()


def test_deep_points_start_at_the_deepest_and_fall_back_to_the_middle():
    mask = np.zeros((50, 80), dtype=bool)
    mask[10:31, 10:71] = True
    assert deep_points(mask, np.array([0, 0, 80, 50]))[0][1] == 20
    assert deep_points(mask & False, np.array([10, 20, 30, 40])).tolist() == [[20, 30]]


def test_a_cell_nearer_to_a_negative_than_to_a_seed_is_rivalled(seen):
    mask = picture()[1]
    rival = rivalry(*seen, np.array([[200.0, 120.0]]), np.array([[60.0, 120.0]]))
    inside = mask[::8, ::8]
    assert rival.shape == (30, 40)
    assert rival.min() == 0
    assert rival[inside].max() < 0.5
    assert rival[15, 7] > 2

import numpy as np

from schemas.prompts import Prompt
from stages.backends.embedded.segmenter.click_network import BOX, HAS_PRIOR, NEGATIVE, POSITIVE, PRIOR, TRACE
from stages.backends.embedded.segmenter.crops import Crop, closer_crop
from stages.backends.embedded.segmenter.prompt_maps import draw_maps

EMPTY = np.zeros((0, 2), np.float32)


def clicks(*xy, labels=None, box=None, kind="clicks"):
    points, signs = np.array(xy, np.float32).reshape(-1, 2), np.array(labels or [1] * len(xy), np.int8)
    return Prompt("o", kind, points, signs, points[signs == 1], None if box is None else np.array(box, np.float32))


def test_a_click_is_a_disc_around_its_pixel_on_the_map_of_its_sign():
    maps = draw_maps(clicks((40, 20), (10, 30), labels=[1, 0]), None, Crop.whole(64, 96), (64, 96))
    assert maps.shape == (6, 64, 96)
    assert maps[POSITIVE, 20, 35:46].all()
    assert maps[POSITIVE, 15:26, 40].all()
    assert (maps[POSITIVE].sum(), maps[POSITIVE, 15, 39], maps[POSITIVE, 15, 38]) == (89, 1, 0)
    assert (maps[NEGATIVE].sum(), maps[NEGATIVE, 30, 10]) == (89, 1)
    assert not maps[[TRACE, BOX, PRIOR, HAS_PRIOR]].any()


def test_a_stroke_is_small_discs_on_a_map_of_its_own():
    maps = draw_maps(clicks((40, 20), kind="trace"), None, Crop.whole(64, 96), (64, 96))
    assert (maps[TRACE].sum(), maps[TRACE, 20, 43], maps[TRACE, 20, 44]) == (37, 1, 0)
    assert not maps[POSITIVE].any()


def test_a_crop_moves_and_scales_everything_and_leaves_out_what_lies_beyond():
    prior = np.zeros((64, 96), np.float32)
    prior[10:20, 20:40] = 1
    asked = clicks((24, 14), (80, 60), box=(20, 10, 40, 20))
    maps = draw_maps(asked, prior, Crop(16, 8, 48, 24), (32, 64))
    ys, xs = np.nonzero(maps[BOX])
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (8, 47, 4, 23)
    assert np.array_equal(maps[PRIOR] > 0.5, maps[BOX] > 0.5)
    assert maps[HAS_PRIOR].all()
    assert (maps[POSITIVE].sum(), maps[POSITIVE, 13, 17]) == (89, 1)


def test_a_disc_at_the_border_is_cut():
    maps = draw_maps(clicks((0, 0), (95, 63)), None, Crop.whole(64, 96), (64, 96))
    assert (maps[POSITIVE, 0, :6].sum(), maps[POSITIVE, 63, 90:].sum()) == (6, 6)


def test_the_closer_crop_holds_object_hints_and_margins():
    probability = np.zeros((200, 400), np.float32)
    probability[90:110, 100:140] = 0.9
    assert closer_crop(probability) == Crop(80, 60, 160, 140)
    assert closer_crop(probability, clicks((159, 100))) == Crop(74, 60, 186, 140)


def test_parts_that_no_hint_lies_on_do_not_count_unless_they_are_large():
    probability = np.zeros((400, 800), np.float32)
    probability[100:140, 100:140] = probability[300:310, 700:710] = 0.9
    assert closer_crop(probability, clicks((120, 120))) == Crop(40, 40, 200, 200)
    probability[300:330, 400:430] = 0.9
    assert closer_crop(probability, clicks((120, 120))).right > 430


def test_nothing_and_nearly_everything_have_no_closer_crop():
    assert closer_crop(np.zeros((60, 80), np.float32)) is None
    assert closer_crop(np.ones((60, 80), np.float32)) is None

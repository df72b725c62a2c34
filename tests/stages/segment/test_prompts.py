import numpy as np
import pytest

from schemas.localizations import Box, Clicks, Localization, MaskHint, Scribble, Trace
from schemas.masks import encode_rle
from stages.segment.prompts import PromptError, to_prompt


def localized(*hints):
    return [Localization("v", "dog", 3, hint) for hint in hints]


def trace(xy, parts=1):
    pieces = np.array_split(np.asarray(xy, dtype=float), parts)
    return Trace(
        tuple(tuple((float(x), float(y)) for x, y in piece) for piece in pieces),
        tuple(tuple(range(0, 16 * len(piece), 16)) for piece in pieces),
    )


def test_clicks_keep_their_order_and_only_positive_ones_support():
    prompt = to_prompt(localized(Clicks(((10.5, 20), (1, 2), (99, 49)), (1, 0, 1))), 50, 100)
    assert prompt.kind == "clicks"
    assert prompt.points_px.tolist() == [[10.5, 20], [1, 2], [99, 49]]
    assert prompt.labels.tolist() == [1, 0, 1]
    assert prompt.support_px.tolist() == [[10.5, 20], [99, 49]]
    assert prompt.box_xyxy_px is None
    assert prompt.points_px.dtype == np.float32
    assert prompt.labels.dtype == np.int8


@pytest.mark.parametrize("xy", [(100, 5), (5, 50), (-0.5, 5), (5, -1)])
def test_a_click_outside_the_image_is_refused_with_its_value(xy):
    with pytest.raises(PromptError, match=rf"click \({xy[0]:g}, {xy[1]:g}\) lies outside the 100x50 image") as error:
        to_prompt(localized(Clicks(((1, 1), xy), (1, 1))), 50, 100)
    assert error.value.reason == "outside_image"


def test_only_negative_clicks_are_refused():
    with pytest.raises(PromptError, match="all points are labelled 0"):
        to_prompt(localized(Clicks(((1, 1),), (0,))), 50, 100)


def test_a_box_is_clipped_to_the_image():
    prompt = to_prompt(localized(Box((-10, 5, 120.5, 40))), 50, 100)
    assert prompt.box_xyxy_px.tolist() == [0, 5, 100, 40]
    assert prompt.points_px.shape == (0, 2)
    assert prompt.support_px.shape == (0, 2)


@pytest.mark.parametrize("box", [(100, 0, 120, 20), (-20, 0, 0.5, 20), (0, 60, 10, 70)])
def test_a_box_outside_the_image_is_refused(box):
    with pytest.raises(PromptError, match=r"box .* lies outside the"):
        to_prompt(localized(Box(box)), 50, 100)


def test_clicks_and_a_box_of_one_object_make_one_prompt():
    prompt = to_prompt(localized(Box((0, 0, 30, 30)), Clicks(((10, 20),), (1,)), Box((20, 10, 60, 40))), 50, 100)
    assert prompt.kind == "clicks"
    assert prompt.points_px.tolist() == [[10, 20]]
    assert prompt.box_xyxy_px.tolist() == [0, 0, 60, 40]


def test_clicks_come_before_the_clicks_of_a_trace():
    prompt = to_prompt(localized(trace([(0.5, 0.5)] * 3), Clicks(((10, 20),), (1,))), 50, 100)
    assert prompt.kind == "trace"
    assert prompt.points_px.tolist() == [[10, 20], [50, 25]]


def test_a_trace_gives_clicks_support_and_a_fence():
    xy = np.stack([np.linspace(0.2, 0.6, 40), np.full(40, 0.5)], axis=1)
    prompt = to_prompt(localized(trace(xy)), 400, 800)
    assert prompt.kind == "trace"
    assert 1 <= len(prompt.points_px) <= 3
    assert set(prompt.labels.tolist()) == {1}
    steps = np.linalg.norm(np.diff(prompt.support_px, axis=0), axis=1)
    assert steps == pytest.approx(4.0, abs=0.01)
    x0, y0, x1, y1 = prompt.fence_xyxy_px
    assert x0 < 160 + 32
    assert x1 > 480 - 32
    assert y0 < 200 < y1


def test_points_of_a_trace_outside_the_image_are_left_out():
    inside = [(0.4, 0.5)] * 4
    prompt = to_prompt(localized(trace([(1.4, 0.5), *inside, (-0.2, 0.1)])), 100, 100)
    assert prompt.support_px.tolist() == [[40, 50]]
    with pytest.raises(PromptError, match="all 2 points of the trace lie outside"):
        to_prompt(localized(trace([(1.4, 0.5), (-0.2, 0.1)])), 100, 100)


def test_strokes_of_a_scribble_give_positive_and_negative_points():
    scribble = Scribble((((0.1, 0.5), (0.3, 0.5)), ((0.9, 0.1), (0.9, 0.1))), (1, 0))
    prompt = to_prompt(localized(scribble), 100, 100)
    assert prompt.kind == "scribble"
    assert prompt.support_px[:, 1].tolist() == [50] * len(prompt.support_px)
    assert prompt.points_px[prompt.labels == 0].tolist() == [[90, 10]]


def test_a_scribble_outside_the_image_is_refused():
    with pytest.raises(PromptError, match="all strokes of the scribble"):
        to_prompt(localized(Scribble((((1.5, 0.5),),), (1,))), 100, 100)


def test_masks_are_decoded_and_united():
    first, second = np.zeros((4, 6), dtype=bool), np.zeros((4, 6), dtype=bool)
    first[0, 0] = second[3, 5] = True
    prompt = to_prompt(localized(*(MaskHint(encode_rle(m), 4, 6) for m in (first, second))), 4, 6)
    assert prompt.kind == "mask"
    assert np.array_equal(prompt.mask, first | second)


@pytest.mark.parametrize(("size", "frame"), [((4, 6), (8, 12)), ((8, 12), (4, 6)), ((480, 854), (1080, 1920))])
def test_a_mask_of_another_resolution_is_scaled_to_the_frame(size, frame):
    mask = np.zeros(size, dtype=bool)
    mask[: size[0] // 2] = True
    scaled = to_prompt(localized(MaskHint(encode_rle(mask), *size)), *frame).mask
    assert scaled.shape == frame
    assert scaled[: frame[0] // 2].all()
    assert not scaled[frame[0] // 2 :].any()


def test_a_mask_of_another_aspect_or_without_object_is_refused():
    mask = np.ones((4, 6), dtype=bool)
    with pytest.raises(PromptError, match="mask of 6x4 pixels has another aspect than the frame of 12x6"):
        to_prompt(localized(MaskHint(encode_rle(mask), 4, 6)), 6, 12)
    with pytest.raises(PromptError, match="the mask is empty"):
        to_prompt(localized(MaskHint(encode_rle(~mask), 4, 6)), 4, 6)

import numpy as np
import pytest

from schemas.localizations import Box, Clicks, Localization, MaskHint, Trace
from schemas.masks import encode_rle
from schemas.prompts import Prompt
from stages.backends.segmenter import Segment
from stages.segment.segment_frame import segment_frame, stroke_agreement
from stages.segment.trace_prompts import loose_square

IMAGE = np.zeros((40, 60, 3), dtype=np.uint8)


class SquareSegmenter:
    """Answers every prompt with a square of side 9 around its first click; nothing for a click at the origin."""

    name = "square"

    def __init__(self):
        self.calls = []

    def segment(self, image, prompts):
        self.calls.append([prompt.object_id for prompt in prompts])
        segments = []
        for prompt in prompts:
            mask = np.zeros(image.shape[:2], dtype=bool)
            x, y = prompt.points_px[0].astype(int)
            if (x, y) != (0, 0):
                mask[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5] = True
            segments.append(Segment(mask, 0.8))
        return segments


def localized(object_id, hint):
    return Localization("clips/one", object_id, 7, hint, input_uri="in.json")


def test_all_objects_are_asked_in_one_call_and_given_masks_are_kept():
    given = np.zeros((40, 60), dtype=bool)
    given[3:6, 3:6] = True
    segmenter = SquareSegmenter()
    found, rejects = segment_frame(
        segmenter,
        IMAGE,
        [
            localized("a", Clicks(((20, 20),), (1,))),
            localized("b", MaskHint(encode_rle(given), 40, 60)),
            localized("c", Clicks(((40, 20),), (1,))),
            localized("a", Box((0, 0, 30, 30))),
        ],
    )
    assert segmenter.calls == [["a", "c"]]
    assert rejects == []
    assert list(found) == ["a", "b", "c"]
    assert [(s.source, s.model, s.quality) for s in found.values()] == [
        ("segmenter", "square", 0.8),
        ("human", "", 1.0),
        ("segmenter", "square", 0.8),
    ]
    assert np.array_equal(found["b"].mask, given)
    assert found["c"].mask.sum() == 81


def test_the_segmenter_is_not_called_when_only_masks_are_given():
    segmenter = SquareSegmenter()
    segment_frame(segmenter, IMAGE, [localized("b", MaskHint(encode_rle(np.ones((40, 60), dtype=bool)), 40, 60))])
    assert segmenter.calls == []


def test_bad_objects_become_rejects_and_the_others_go_on():
    found, rejects = segment_frame(
        SquareSegmenter(),
        IMAGE,
        [
            localized("a", Clicks(((200, 20),), (1,))),
            localized("b", Clicks(((0, 0),), (1,))),
            localized("c", Clicks(((40, 20),), (1,))),
        ],
    )
    assert list(found) == ["c"]
    assert [(r.stage, r.key, r.error, r.input_uri) for r in rejects] == [
        ("segment", "clips/one/a@7", "outside_image", "in.json"),
        ("segment", "clips/one/b@7", "empty_segment", "in.json"),
    ]
    assert rejects[1].detail == "square found nothing at the clicks; give more clicks or a box"


def prompt_of_trace(points):
    xy = np.asarray(points, dtype=np.float32)
    return Prompt("a", "trace", xy[:1], np.ones(1, dtype=np.int8), xy)


def test_a_mask_that_holds_a_quarter_of_the_trace_has_half_the_trust():
    mask = np.zeros((40, 60), dtype=bool)
    mask[20, 10] = True
    prompt = prompt_of_trace([(10, 20), (20, 20), (30, 20), (40, 20)])
    assert stroke_agreement(prompt, mask) == 0.5


def test_a_mask_that_lies_mostly_outside_the_square_loses_trust():
    points = [(30, 20), (31, 20)]
    x0, y0, x1, y1 = np.round(loose_square(np.array(points, dtype=float), 40, 60)).astype(int)
    mask = np.ones((40, 60), dtype=bool)
    expected = 2 * (x1 - x0) * (y1 - y0) / 2400
    assert stroke_agreement(prompt_of_trace(points), mask) == pytest.approx(expected)


def test_a_trace_lowers_the_quality_in_the_result():
    # The first click is the middle of the trace; the square of side 9 holds less than half of it.
    xy = tuple((float(x), 0.5) for x in np.linspace(0.05, 0.95, 30))
    hint = Trace((xy,), (tuple(range(0, 480, 16)),))
    found, _ = segment_frame(SquareSegmenter(), IMAGE, [localized("a", hint)])
    assert 0 < found["a"].quality < 0.8


def test_a_click_on_an_object_beside_counts_against_those_of_its_group():
    class Listener(SquareSegmenter):
        def segment(self, image, prompts):
            self.heard = [prompt.points_px[prompt.labels == 0].tolist() for prompt in prompts]
            return super().segment(image, prompts)

    own = Localization("v", "a", 0, Clicks(((20, 20),), (1,)), group="all")
    beside = [
        Localization("v", name, 0, Clicks((xy,), (1,)), group=g)
        for name, xy, g in (("b", (45, 20), "all"), ("c", (20, 30), "other"))
    ]
    segmenter = Listener()
    found, rejects = segment_frame(segmenter, IMAGE, [own], beside)
    assert (list(found), rejects, segmenter.heard) == (["a"], [], [[[45, 20]]])

"""Repair on a square that slides over still ground, with a segmenter that answers what a test tells it to."""

from dataclasses import dataclass, field, replace
from itertools import cycle, groupby

import cv2
import numpy as np
import pytest

from schemas.frames import Frame
from schemas.object_masks import ObjectMask
from stages.backends.propagator import Estimate
from stages.backends.segmenter import Segment
from stages.propagate.bidirectional import Task, propagate
from stages.propagate.frame_window import FrameWindow
from stages.propagate.motion import STILL, SmallFrame
from stages.propagate.quality import with_motion_quality
from stages.propagate.repair import REACH, Repairer, RepairOptions

HEIGHT, WIDTH, SLIDE_PX = 180, 320, 4


def texture(seed, height, width):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


GROUND, THING = texture(1, HEIGHT, WIDTH), texture(2, 60, 60)


def image(idx):
    """The square stands at x = 120 on frame 0 and slides to the right."""
    drawn = GROUND.copy()
    drawn[60:120, 120 + SLIDE_PX * idx : 180 + SLIDE_PX * idx] = THING
    return drawn


def mask(left, right, rows=slice(60, 120)):
    drawn = np.zeros((HEIGHT, WIDTH), dtype=bool)
    drawn[rows, left:right] = True
    return drawn


WHOLE, PART, ELSEWHERE = mask(120, 180), mask(120, 160), mask(20, 80)


def row(drawn=PART, source="propagator", quality=0.4, object_id="it", frame_idx=0):
    trust = np.where(drawn, 255, 0).astype(np.uint8)
    return ObjectMask("v", object_id, frame_idx, drawn, source, "by_hand", quality, trust)


def here(idx=0, n_following=REACH, still=False):
    pictures = [image(0 if still else i) for i in range(n_following + 1)]
    small = [SmallFrame(picture) for picture in pictures]
    return FrameWindow(Frame(idx, 0.0, pictures[0]), small[0], None, tuple(small[1:]))


@dataclass
class Told:
    """A segmenter that answers what it is told to, and remembers what it was asked."""

    answers: list
    quality: float = 0.9
    asked: list = field(default_factory=list)
    name: str = "told"

    def segment(self, image, prompts):
        self.asked += prompts
        return [Segment(drawn, self.quality) for drawn, _ in zip(cycle(self.answers), prompts)]

    def objects(self):
        return [prompt.object_id for prompt in self.asked]


def repairer(drawn=WHOLE, quality=0.9, groups=None, **options):
    return Repairer(Told([drawn], quality), RepairOptions(**options), groups or {})


def repaired(made, where, rows):
    return made.repair(where, rows, with_motion_quality(rows, STILL))


def outcome(made, rows=None, at=None):
    """What is taken over, and the outcome of the last decision."""
    taken = repaired(made, at or here(), rows or [row()])
    return sorted(taken), made.decisions[-1].outcome if made.decisions else None


def test_a_poor_mask_gives_way_to_one_that_holds_more_of_what_moves():
    made = repairer()
    assert outcome(made) == (["it"], "accepted")
    (decision,) = made.decisions
    assert (decision.video_id, decision.object_id, decision.frame_idx) == ("v", "it", 0)
    assert (decision.occasion, decision.model) == ("track", "told")
    assert decision.own_quality == 0.4
    assert decision.new_support > decision.support + 0.03
    assert decision.agreement == pytest.approx(40 / 60)
    assert decision.balance > 0.1


def test_of_two_answers_the_better_is_taken():
    made = Repairer(Told([mask(120, 170), WHOLE]), RepairOptions())
    taken = repaired(made, here(), [row(PART)])
    assert np.array_equal(taken["it"].mask, WHOLE)
    assert [decision.outcome for decision in made.decisions] == ["accepted"]


def test_the_better_mask_stays():
    made = repairer(drawn=PART)
    assert outcome(made, [row(WHOLE)]) == ([], "no_gain")
    assert made.decisions[0].balance < 0


@pytest.mark.parametrize(("drawn", "quality", "why"), [(WHOLE, 0.49, "unsure"), (ELSEWHERE, 0.9, "unlike")])
def test_an_answer_must_be_sure_and_of_the_same_thing(drawn, quality, why):
    assert outcome(repairer(drawn, quality)) == ([], why)


def test_an_answer_may_be_much_larger_if_it_keeps_the_mask():
    made = repairer()
    assert outcome(made, [row(mask(140, 160))]) == (["it"], "accepted")
    assert made.decisions[0].agreement == pytest.approx(1 / 3)
    assert outcome(repairer(), [row(mask(90, 135))]) == ([], "unlike")


def test_an_empty_answer_is_unlike():
    assert outcome(repairer(np.zeros_like(WHOLE))) == ([], "unlike")


def test_where_nothing_moves_nothing_is_taken_over():
    assert outcome(repairer(), at=here(still=True)) == ([], "no_gain")


def test_without_frames_behind_nothing_is_asked():
    made = repairer()
    assert outcome(made, at=here(n_following=0)) == ([], None)
    assert made.segmenter.asked == []


@pytest.mark.parametrize(
    ("poor", "is_asked"),
    [
        (row(quality=0.49), True),
        (row(quality=0.51), False),
        (row(quality=0.85, source="segmenter"), False),
        (row(quality=0.6, source="segmenter"), True),
        (row(quality=0.1, source="human"), False),
    ],
    ids=["poor track", "good track", "good start", "poor start", "by a person"],
)
def test_only_poor_masks_of_models_are_asked_for(poor, is_asked):
    made = repairer(poor_start=0.7)
    outcome(made, [replace(poor, mask=WHOLE) if poor.source == "segmenter" else poor])
    assert bool(made.segmenter.asked) == is_asked


def test_a_poor_start_that_a_person_has_seen_stays():
    start = replace(row(quality=0.1, source="segmenter"), mask=PART)
    for seen, asked in (({("it", 0)}, []), ({("it", 1), ("other", 0)}, ["it"])):
        made = repairer()
        made.seen = seen
        repaired(made, here(), [start])
        assert made.segmenter.objects()[:1] == asked


def test_a_segmenter_is_told_how_many_objects_the_frame_has():
    made = repairer()
    others = [replace(row(object_id=name), source="human") for name in "bcd"]
    repaired(made, here(), [row(), *others])
    assert {prompt.n_objects for prompt in made.segmenter.asked} == {4}


def test_an_object_is_asked_for_once_in_so_many_frames():
    made = repairer(every=10)
    for idx in (0, 1, 9, 10, 15, 20):
        repaired(made, here(idx), [row(frame_idx=idx)])
    assert [decision.frame_idx for decision in made.decisions] == [0, 10, 20]
    repaired(made, here(21), [row(frame_idx=21, object_id="other")])
    assert [name for name, _ in groupby(made.segmenter.objects())] == ["it", "other"]


def test_options_say_what_is_wrong():
    with pytest.raises(ValueError, match="every 0 must be at least 1"):
        RepairOptions(every=0)
    with pytest.raises(ValueError, match=r"poor 1\.5 is not in"):
        RepairOptions(poor=1.5)


class Still:
    """A propagator that repeats its mask, surely."""

    name = "still"

    def open(self, height, width):
        return self

    def encode(self, picture):
        return None

    def pack(self, encoding):
        return {"nothing": np.zeros(1)}

    def unpack(self, arrays):
        return None

    def start(self, encoding, masks):
        self.masks = dict(masks)

    def step(self, encoding):
        return {object_id: Estimate(drawn.astype(np.float32), 0.9) for object_id, drawn in self.masks.items()}


@pytest.mark.parametrize("anchored", [0, 3])
def test_a_repaired_start_is_what_is_carried_both_ways(tmp_path, anchored):
    made = repairer(drawn=mask(120 + SLIDE_PX * anchored, 180 + SLIDE_PX * anchored))
    drawn = mask(120 + SLIDE_PX * anchored, 160 + SLIDE_PX * anchored)
    start = ObjectMask("v", "it", anchored, drawn, "segmenter", "by_hand", 0.6).row()
    frames = (Frame(idx, 0.0, image(idx)) for idx in range(8))
    rows = list(propagate(frames, Task("v", {anchored: [start]}, {}, Still(), tmp_path / "spool", repairer=made)))
    assert sorted(one.frame_idx for one in rows) == list(range(8))
    assert {one.source for one in rows if one.frame_idx == anchored} == {"repair"}
    assert all(np.array_equal(one.mask, rows[0].mask) and one.mask.sum() == 3600 for one in rows)
    assert [decision.occasion for decision in made.decisions if decision.accepted] == ["start"]


@pytest.mark.parametrize(("groups", "n_negatives"), [({"it": "x", "near": "x"}, 2), ({"it": "x"}, 1), ({}, 1)])
def test_only_objects_that_exclude_it_get_a_negative_click(groups, n_negatives):
    """What overlaps an object, like the whole of which it is a part, says nothing against it."""
    made = repairer(groups=groups)
    repaired(made, here(), [row(), row(mask(180, 220), object_id="near")])
    asked = [prompt for prompt in made.segmenter.asked if prompt.object_id == "it"]
    on_ground = [prompt.box_xyxy_px is None for prompt in asked]
    assert on_ground == [True, False]
    assert [int((prompt.labels == 0).sum()) for prompt in asked] == [n_negatives, n_negatives - 1]

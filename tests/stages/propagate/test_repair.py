"""Repair on a square that slides over still ground, with a segmenter that answers what a test tells it to."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from schemas.frames import Frame
from stages.backends.propagator import Estimate
from stages.propagate.bidirectional import propagate
from stages.propagate.frame_window import Nearby
from stages.propagate.motion import STILL, small_grey
from stages.propagate.repair import REACH, Repairer, RepairOptions
from stages.propagate.tracked import Anchor, Tracked

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
    return Tracked(object_id, frame_idx, drawn, trust, quality, source, "by_hand")


def here(idx=0, n_following=REACH, still=False):
    pictures = [image(0 if still else i) for i in range(n_following + 1)]
    greys = [small_grey(picture) for picture in pictures]
    return Nearby(Frame(idx, 0.0, pictures[0]), greys[0], None, tuple(greys[1:]))


def repairer(drawn=WHOLE, quality=0.9, **options):
    asked = []

    def ask(picture, prompts):
        asked.append(sorted({prompt.object_id for prompt in prompts}))
        return [Anchor(drawn, quality, "repair", "told") for _ in prompts]

    return Repairer("v", ask, RepairOptions(**options)), asked


def outcome(made, rows=None, at=None):
    """What is taken over, and the outcome of the last decision."""
    taken = made.repair(at or here(), rows or [row()], STILL)
    return sorted(taken), made.decisions[-1].outcome if made.decisions else None


def test_a_poor_mask_gives_way_to_one_that_holds_more_of_what_moves():
    made, _ = repairer()
    assert outcome(made) == (["it"], "accepted")
    (decision,) = made.decisions
    assert (decision.video_id, decision.object_id, decision.frame_idx) == ("v", "it", 0)
    assert (decision.occasion, decision.model) == ("track", "told")
    assert decision.own_quality == 0.4
    assert decision.new_support > decision.support + 0.03
    assert decision.agreement == pytest.approx(40 / 60)
    assert decision.balance > 0.1


def test_of_two_answers_the_better_is_taken():
    """The tracker took still ground for the object, so that what it is sure of is not what moves."""
    answers = [mask(100, 180), WHOLE]
    made = Repairer("v", lambda _, prompts: [Anchor(m, 0.9, "repair", "told") for m in answers], RepairOptions())
    taken = made.repair(here(), [row(mask(80, 180))], STILL)
    assert np.array_equal(taken["it"].mask, WHOLE)
    assert [decision.outcome for decision in made.decisions] == ["accepted"]


def test_the_better_mask_stays():
    made, _ = repairer(drawn=PART)
    assert outcome(made, [row(WHOLE)]) == ([], "no_gain")
    assert made.decisions[0].balance < 0


@pytest.mark.parametrize(("drawn", "quality", "why"), [(WHOLE, 0.69, "unsure"), (ELSEWHERE, 0.9, "unlike")])
def test_an_answer_must_be_sure_and_of_the_same_thing(drawn, quality, why):
    assert outcome(repairer(drawn, quality)[0]) == ([], why)


def test_an_empty_answer_is_unlike():
    assert outcome(repairer(np.zeros_like(WHOLE))[0]) == ([], "unlike")


def test_where_nothing_moves_nothing_is_taken_over():
    assert outcome(repairer()[0], at=here(still=True)) == ([], "no_gain")


def test_without_frames_behind_nothing_is_asked():
    made, asked = repairer()
    assert outcome(made, at=here(n_following=0)) == ([], None)
    assert asked == []


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
    made, asked = repairer(poor_start=0.7)
    outcome(made, [replace(poor, mask=WHOLE) if poor.source == "segmenter" else poor])
    assert bool(asked) == is_asked


def test_a_segmenter_is_told_how_many_objects_the_frame_has():
    told = []

    def ask(_, prompts):
        told.extend(prompt.n_objects for prompt in prompts)
        return [Anchor(WHOLE, 0.9, "repair", "told") for _ in prompts]

    others = [replace(row(object_id=name), source="human") for name in "bcd"]
    Repairer("v", ask, RepairOptions()).repair(here(), [row(), *others], STILL)
    assert set(told) == {4}


def test_an_object_is_asked_for_once_in_so_many_frames():
    made, asked = repairer(every=10)
    for idx in (0, 1, 9, 10, 15, 20):
        made.repair(here(idx), [row(frame_idx=idx)], STILL)
    assert [decision.frame_idx for decision in made.decisions] == [0, 10, 20]
    made.repair(here(21), [row(frame_idx=21, object_id="other")], STILL)
    assert asked == [["it"]] * 3 + [["other"]]


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
    made, _ = repairer(drawn=mask(120 + SLIDE_PX * anchored, 180 + SLIDE_PX * anchored))
    start = Anchor(mask(120 + SLIDE_PX * anchored, 160 + SLIDE_PX * anchored), 0.6, "segmenter", "by_hand")
    rows = list(
        propagate(
            (Frame(idx, 0.0, image(idx)) for idx in range(8)),
            {anchored: frozenset(["it"])},
            lambda frame, ids: {"it": start},
            Still(),
            groups={},
            spool=tmp_path / "spool",
            repairer=made,
        )
    )
    assert sorted(one.frame_idx for one in rows) == list(range(8))
    assert {one.source for one in rows if one.frame_idx == anchored} == {"repair"}
    assert all(np.array_equal(one.mask, rows[0].mask) and one.mask.sum() == 3600 for one in rows)
    assert [decision.occasion for decision in made.decisions if decision.accepted] == ["start"]


@pytest.mark.parametrize(("groups", "n_negatives"), [({"it": "x", "near": "x"}, 2), ({"it": "x"}, 1), ({}, 1)])
def test_only_objects_that_exclude_it_get_a_negative_click(groups, n_negatives):
    """What overlaps an object, like the whole of which it is a part, says nothing against it."""
    told = []

    def ask(_, prompts):
        told.extend(int((prompt.labels == 0).sum()) for prompt in prompts if prompt.object_id == "it")
        return [Anchor(WHOLE, 0.9, "repair", "told") for _ in prompts]

    made = Repairer("v", ask, RepairOptions(), groups)
    made.repair(here(), [row(), row(mask(180, 220), object_id="near")], STILL)
    assert set(told) == {n_negatives}

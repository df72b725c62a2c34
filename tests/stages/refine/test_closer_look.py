"""Where a correction looks: close up at a mask that is nearly right, at the whole frame for one that is quite wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.localizations import Clicks
from schemas.prompts import Prompt
from stages.backends.segmenter import Segment
from stages.refine.closer_look import segmented, unmet
from stages.refine.correcting import agreeing, corrected, correction_prompt
from stages.refine.fusion import fuse, share_of

HEIGHT, WIDTH = 200, 400


def rectangle(top: int, bottom: int, left: int, right: int) -> NDArray[np.bool_]:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


@dataclass
class Threshold:
    """A segmenter that finds what is bright; close up it may be made blind. It remembers what it was shown."""

    name: str = "threshold"
    is_blind_close_up: bool = False
    seen: list[tuple[int, ...]] = field(default_factory=list)
    asked: list[Prompt] = field(default_factory=list)

    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        self.seen.append(image.shape)
        self.asked += prompts
        is_blind = self.is_blind_close_up and image.shape[:2] != (HEIGHT, WIDTH)
        return [Segment((image[..., 0] > 127) & (not is_blind), 0.5) for _ in prompts]


TRUTH = rectangle(60, 100, 100, 160)
IMAGE = np.repeat(np.where(TRUTH, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
PRIOR = rectangle(60, 100, 100, 150)
CLICK = Clicks(((155.0, 80.0),), (1,))


def test_a_mask_is_corrected_close_up_in_pixels_of_that_part() -> None:
    segmenter = Threshold()
    mask, quality = corrected(segmenter, IMAGE, correction_prompt("1", CLICK, PRIOR))
    assert (mask == TRUTH).all()
    assert quality == 0.5
    ((height, width, _),) = segmenter.seen
    assert (height, width) == (104, 120)
    assert segmenter.asked[0].points_px.tolist() == [[87.0, 52.0]]
    assert segmenter.asked[0].mask is not None
    assert segmenter.asked[0].mask.sum() == PRIOR.sum()


def test_the_whole_frame_is_looked_at_where_the_closer_look_does_not_do_what_was_clicked() -> None:
    segmenter = Threshold(is_blind_close_up=True)
    mask, _ = corrected(segmenter, IMAGE, correction_prompt("1", CLICK, PRIOR))
    assert (mask == TRUTH).all()
    assert segmenter.seen[1] == IMAGE.shape


def test_of_two_answers_that_do_what_was_clicked_the_one_that_keeps_more_counts() -> None:
    segmenter = Threshold(is_blind_close_up=True)
    away = correction_prompt("1", Clicks(((180.0, 80.0),), (0,)), PRIOR)
    assert (segmented(segmenter, IMAGE, away).mask == TRUTH).all()
    assert segmenter.seen[1] == IMAGE.shape


def test_the_closer_look_stands_where_the_whole_frame_says_no_better() -> None:
    segmenter = Threshold(is_blind_close_up=True)
    dark = np.zeros_like(IMAGE)
    assert not segmented(segmenter, dark, correction_prompt("1", CLICK, PRIOR)).mask.any()
    assert len(segmenter.seen) == 2


@pytest.mark.parametrize("prior", [None, rectangle(0, 200, 0, 390)])
def test_without_a_mask_and_for_a_large_one_the_whole_frame_is_all_that_is_looked_at(prior: object) -> None:
    segmenter = Threshold()
    segmented(segmenter, IMAGE, correction_prompt("1", CLICK, prior))  # type: ignore[arg-type]
    assert segmenter.seen == [IMAGE.shape]


def test_clicks_at_the_edge_of_the_frame_are_seen_too() -> None:
    prompt = correction_prompt("1", Clicks(((399.0, 199.0), (0.0, 0.0)), (0, 0)), PRIOR)
    assert unmet(np.ones((HEIGHT, WIDTH), dtype=bool), prompt) == 1.0
    assert unmet(np.zeros((HEIGHT, WIDTH), dtype=bool), prompt) == 0.0
    assert segmented(Threshold(), IMAGE, prompt).mask.sum() == TRUTH.sum()


def test_the_better_of_two_masks_counts_wherever_it_is_and_of_equals_the_new_one() -> None:
    new, old = np.array([[1, 1], [0, 0]], np.float32), np.array([[0, 1], [0, 1]], np.float32)
    unchanged = np.zeros((2, 2), np.float32)
    for nearness in (0.1, 0.9):
        better, equal, worse = (share_of(nearness, quality, 0.6) for quality in (0.8, 0.6, 0.4))
        assert ((fuse(new, old, better, unchanged) > 0.5) == (new > 0.5)).all()
        assert ((fuse(new, old, equal, unchanged) > 0.5) == (new > 0.5)).all()
        assert ((fuse(new, old, worse, unchanged) > 0.5) == (old > 0.5)).all()


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_part_that_one_mask_lost_stays_unless_the_correction_took_it_away(share: float) -> None:
    whole, part, unchanged = (np.zeros((60, 60), np.float32) for _ in range(3))
    whole[10:50, 10:50] = 1
    part[10:40, 10:50] = 1
    assert ((fuse(part, whole, share, unchanged) > 0.5) == (whole > 0.5)).all()
    assert ((fuse(whole, part, share, unchanged) > 0.5) == (whole > 0.5)).all()
    assert ((fuse(part, whole, 0.6, whole - part) > 0.5) == (part > 0.5)).all()


def test_a_thin_rim_and_a_speck_are_no_parts() -> None:
    new, old, unchanged = (np.zeros((60, 60), np.float32) for _ in range(3))
    new[10:50, 10:50] = 1
    old[8:52, 8:52] = old[:4, :4] = 1
    assert ((fuse(new, old, 0.6, unchanged) > 0.5) == (new > 0.5)).all()


@pytest.mark.parametrize(("height", "width"), [(240, 432), (480, 864)])
def test_what_is_thin_grows_with_the_frame(height: int, width: int) -> None:
    scale = height // 240
    for thickness, is_kept in ((2, False), (4, True)):
        new, old, unchanged = (np.zeros((height, width), np.float32) for _ in range(3))
        new[20 * scale : 120 * scale, 20 * scale : 120 * scale] = 1
        old[20 * scale : (120 + thickness) * scale, 20 * scale : 120 * scale] = 1
        wanted = old if is_kept else new
        assert ((fuse(new, old, 0.6, unchanged) > 0.5) == (wanted > 0.5)).all()


def test_a_lost_object_takes_nothing_from_a_mask_that_was_there() -> None:
    old, lost = np.full((2, 2), 0.9, np.float32), np.zeros((2, 2), np.float32)
    share = share_of(0.9, new_quality=0.0, old_quality=0.8)
    assert share == pytest.approx(0.0006, abs=0.0001)
    assert (fuse(lost, old, share, lost) > 0.5).all()


@dataclass
class OneStepAfterTheOther:
    """A segmenter that adds ten columns to the mask that it is given, up to the end of the object."""

    name: str = "stepping"
    asked: list[Prompt] = field(default_factory=list)

    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        self.asked += prompts
        found = []
        for prompt in prompts:
            assert prompt.mask is not None
            mask = prompt.mask | np.roll(prompt.mask, 10, axis=1)
            found.append(Segment(mask & (image[..., 0] > 127), 0.5))
        return found


def test_all_points_are_asked_again_from_the_last_answer_as_long_as_it_contradicts_fewer() -> None:
    points = [(105, 80, 1), (125, 80, 1), (135, 80, 1), (300, 80, 0)]
    start = rectangle(60, 100, 100, 120)
    clicks = Clicks(tuple((float(x), float(y)) for x, y, _ in points), tuple(label for *_, label in points))
    segmenter = OneStepAfterTheOther()
    mask = agreeing(segmenter, IMAGE, correction_prompt("1", clicks, start), points)
    assert mask.sum() == rectangle(60, 100, 100, 140).sum()
    assert len(segmenter.asked) in (2, 4)  # two steps, close up or at the whole frame too
    stuck = agreeing(Threshold(is_blind_close_up=True), IMAGE, correction_prompt("1", clicks, start), points)
    assert (stuck == TRUTH).all()

"""The search through a video, with a localizer that says what it is told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from schemas.localizations import Clicks, Expression, Localization
from schemas.rejects import Reject
from stages.backends.localizer import Located, NotLocated
from stages.localize.searching import Search, frames_to_search

IMAGE = np.zeros((8, 8, 3), dtype=np.uint8)
NOWHERE = NotLocated("not_seen", "nowhere")


class Told:
    """A localizer that answers by the text, frame after frame."""

    name = "told"

    def __init__(self, **answers: list[Located | NotLocated]) -> None:
        self._answers = {text: iter(own) for text, own in answers.items()}

    def locate(self, image: np.ndarray, expressions: Sequence[Expression]) -> list[Located | NotLocated]:
        return [next(self._answers[expression.texts[0]]) for expression in expressions]


def at(x: float, score: float) -> Located:
    return Located(Clicks(((x, 1.0),), (1,)), score, "Cardigan")


def named(text: str, object_id: str = "1", frame_idx: int = 0, anywhere: bool = True) -> Localization:
    return Localization("v", object_id, frame_idx, Expression((text,), anywhere), "", text, input_uri="x.jsonl")


def test_it_looks_on_five_frames_from_the_first_one_on():
    assert frames_to_search(named("dog"), 50) == (0, 10, 20, 30, 40)
    assert frames_to_search(named("dog"), 3) == (0, 1, 2)
    assert frames_to_search(named("dog"), 0) == (0,)
    assert frames_to_search(named("dog", frame_idx=7, anywhere=False), 50) == (7,)
    assert frames_to_search(Localization("v", "1", 4, Clicks(((1.0, 1.0),), (1,))), 50) == (4,)


def test_a_place_is_taken_when_it_is_seen_more_clearly_than_before():
    search = Search(Told(dog=[at(1, 0.6), at(2, 0.5), at(3, 0.6), at(4, 0.71)]))
    found = [one for idx in (0, 10, 20, 30) for one in search.search_frame(IMAGE, idx, [named("dog")])]
    assert [(one.frame_idx, one.hint.xy_px[0][0], one.rule) for one in found] == [
        (0, 1, "told: Cardigan 0.60"),
        (30, 4, "told: Cardigan 0.71"),
    ]
    assert {one.expression for one in found} == {"dog"}
    assert search.rejects() == []


def test_an_object_that_is_never_seen_is_rejected_once():
    search = Search(Told(dog=[NOWHERE, NOWHERE], cat=[NOWHERE, at(5, 0.9)]))
    for idx in (0, 10):
        search.search_frame(IMAGE, idx, [named("dog"), named("cat", "2")])
    assert search.rejects() == [Reject("localize", "v/1", "not_seen", "nowhere", "x.jsonl")]


def test_one_found_before_is_not_rejected_for_being_out_of_sight_later():
    search = Search(Told(dog=[at(1, 0.6), NOWHERE]))
    for idx in (0, 10):
        search.search_frame(IMAGE, idx, [named("dog")])
    assert search.rejects() == []


def test_two_objects_in_one_place_are_none():
    search = Search(Told(dog=[at(1, 0.6)], hound=[at(1, 0.6)], cat=[at(2, 0.6)]))
    asked = [named("dog", "1"), named("hound", "2"), named("cat", "3")]
    assert [one.object_id for one in search.search_frame(IMAGE, 0, asked)] == ["3"]
    assert [(r.key, r.error) for r in search.rejects()] == [("v/1", "not_distinct"), ("v/2", "not_distinct")]
    assert "1 (dog), 2 (hound)" in search.rejects()[0].detail


def test_a_score_lies_between_0_and_1():
    with pytest.raises(ValueError, match="score"):
        at(1, 1.2)

import numpy as np
import pytest

from schemas.prompts import Prompt
from stages.backends.embedded.segmenter.vote import choices, n_choices, vote
from stages.backends.segmenter import Segment

CLICKS = np.array([[1, 1], [5, 1], [9, 1]], dtype=np.float32)


def prompt(n_on=3, off=(), kind="clicks", box=None):
    points = np.concatenate([CLICKS[:n_on], np.array(off, dtype=np.float32).reshape(-1, 2)])
    labels = np.array([1] * n_on + [0] * len(off), dtype=np.int8)
    return Prompt("1", kind, points, labels, CLICKS[:n_on], box)


def columns(*which):
    mask = np.zeros((4, 12), dtype=bool)
    mask[:, list(which)] = True
    return mask


def asked(answers, given):
    """``answers`` by the x of the clicks asked about; every click alone by default."""

    def answer(one):
        xs = tuple(one.points_px[one.labels == 1][:, 0].astype(int).tolist())
        return Segment(answers.get(xs, columns(*xs)), len(xs) / 10)

    return vote(given, answer)


def test_every_choice_of_clicks_is_asked_about_and_those_off_the_object_stay():
    found = choices(prompt(off=[[3, 3]]))
    assert [one.support_px[:, 0].tolist() for one in found] == [[1, 5, 9], [1, 5], [1, 9], [5, 9], [1], [5], [9]]
    assert all(one.points_px[one.labels == 0].tolist() == [[3, 3]] for one in found)
    assert [len(choices(prompt(n))) for n in (1, 2, 3)] == [n_choices(n) for n in (1, 2, 3)] == [1, 3, 7]


@pytest.mark.parametrize(
    "given", [prompt(1), prompt(kind="trace"), prompt(box=np.array([0, 0, 9, 3])), prompt(0, [[3, 3]])]
)
def test_other_prompts_are_answered_once(given):
    calls = []
    answer = Segment(columns(3), 0.5)
    assert vote(given, lambda one: calls.append(one) or answer) is answer
    assert calls == [given]


def test_the_majority_of_the_answers_that_hold_every_click_decides():
    whole, one, other = columns(1, 5, 9, 2, 3, 4), columns(1, 5, 9, 3, 4), columns(1, 5, 9, 4, 7)
    found = asked({(1, 5, 9): whole, (1, 5): one, (9,): other}, prompt())
    assert np.array_equal(found.mask, columns(1, 5, 9, 3, 4))
    assert found.quality == pytest.approx((0.3 + 0.2 + 0.1) / 3)


def test_answers_that_miss_a_click_kept_from_them_have_no_vote():
    whole = columns(1, 5, 9, 2)
    found = asked({(1, 5, 9): whole, (1, 5): columns(1, 5), (5, 9): columns(5, 9, 11)}, prompt())
    assert np.array_equal(found.mask, whole)
    assert found.quality == 0.3


def test_where_no_answer_holds_every_click_the_whole_prompt_is_answered():
    whole = columns(1, 5)
    assert np.array_equal(asked({(1, 5, 9): whole}, prompt()).mask, whole)

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from schemas.points import PointCandidate
from stages.simulate.annotator import SimulatedAnnotator, Team


def grid_of_candidates(height, width):
    return [
        PointCandidate(f"{x}.{y}", "v", "1", 0, x, y, True, "interior", 0.1, 1.0, 0.5, 0, 0)
        for y in range(height)
        for x in range(width)
    ]


@pytest.fixture
def truth():
    rng = np.random.default_rng(3)
    return ndimage.gaussian_filter(rng.normal(size=(60, 80)), 5) > 0


def plain_status(truth, void=None):
    """ACCEPTED, REJECTED or AMBIGUOUS a pixel, by whole-frame distance transforms."""
    to_other = np.where(truth, ndimage.distance_transform_edt(truth), ndimage.distance_transform_edt(~truth))
    open_ = to_other <= 2 if void is None else (to_other <= 2) | void
    return np.where(open_, "AMBIGUOUS", np.where(truth, "ACCEPTED", "REJECTED"))


def answers(annotator, truth, void=None):
    verdicts = list(annotator.answer(grid_of_candidates(*truth.shape), truth, void))
    return np.array([v.status for v in verdicts]).reshape(truth.shape)


def test_answers_are_the_truth_away_from_the_boundary(truth):
    assert (answers(SimulatedAnnotator(error_rate=0), truth) == plain_status(truth)).all()


def test_void_pixels_are_ambiguous(truth):
    void = np.zeros_like(truth)
    void[:10] = True
    assert (answers(SimulatedAnnotator(error_rate=0), truth, void) == plain_status(truth, void)).all()


def test_errors_flip_at_the_rate_that_was_asked_and_never_near_the_boundary(truth):
    plain, given = plain_status(truth), answers(SimulatedAnnotator(error_rate=0.1, seed=4), truth)
    wrong = plain != given
    assert not wrong[plain == "AMBIGUOUS"].any()
    assert wrong[plain != "AMBIGUOUS"].mean() == pytest.approx(0.1, abs=0.02)


def test_errors_depend_on_seed_and_candidate_alone(truth):
    annotator = SimulatedAnnotator(error_rate=0.3, seed=1)
    candidates = grid_of_candidates(*truth.shape)
    whole = {v.candidate_id: v.status for v in annotator.answer(candidates, truth, None)}
    part = {v.candidate_id: v.status for v in annotator.answer(candidates[::-7], truth, None)}
    assert part == {key: whole[key] for key in part}
    assert (answers(SimulatedAnnotator(0.3, seed=2), truth) != answers(annotator, truth)).any()


def test_a_verdict_says_who_what_and_how_long(truth):
    (verdict,) = SimulatedAnnotator().answer(grid_of_candidates(1, 1), truth, None)
    assert (verdict.source, verdict.annotator, verdict.task_key) == ("simulated", "simulated", "simulated:v:1:0")
    assert 2.4 < verdict.lead_time_s < 3.4
    assert verdict.decided_at.tzinfo is not None


def test_an_impossible_error_rate_is_named():
    with pytest.raises(ValueError, match=r"error rate 1.5 is not in \[0, 1\]"):
        SimulatedAnnotator(error_rate=1.5)


def test_who_looks_again_errs_at_the_same_rate_on_other_candidates(truth):
    annotator, plain = SimulatedAnnotator(0.1, seed=1), plain_status(truth)
    sure = plain != "AMBIGUOUS"
    first, second = (answers(one, truth) != plain for one in (annotator, annotator.again()))
    assert second[sure].mean() == pytest.approx(0.1, abs=0.02)
    assert (first & second)[sure].mean() == pytest.approx(0.01, abs=0.005)
    asked = grid_of_candidates(1, 2)
    assert [v.task_key for v in annotator.again().answer(asked, truth, None)] == [
        "simulated:again:0.0",
        "simulated:again:1.0",
    ]


def test_a_team_shares_the_questions_and_everybody_errs_in_their_own_way(truth):
    candidates = grid_of_candidates(*truth.shape)
    team = Team.of(3, 0.1, 0, overlap=2)
    verdicts = list(team.answer(candidates, truth, None))
    names = sorted({v.annotator for v in verdicts})
    assert len(names) == 2
    assert set(names) < {"simulated-1", "simulated-2", "simulated-3"}
    plain = plain_status(truth).ravel()
    wrong = [np.array([v.status for v in verdicts if v.annotator == name]) != plain for name in names]
    assert (wrong[0] != wrong[1]).any()
    assert list(Team.of(1, 0.1, 0).answer(candidates, truth, None)) == list(
        SimulatedAnnotator(0.1, 0).answer(candidates, truth, None)
    )


def test_more_answers_than_annotators_are_refused():
    with pytest.raises(ValueError, match="4 of 3 annotators cannot answer each question"):
        Team.of(3, 0.02, 0, overlap=4)

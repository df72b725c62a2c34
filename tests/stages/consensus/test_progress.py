from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from schemas.reviews import ReviewTask, Skip, Verdict
from stages.consensus.progress import AnnotatorProgress, progress_of

START = datetime(2026, 1, 1, tzinfo=UTC)
TASKS = [ReviewTask(f"k{i}", "v", "1", i, 0, "contact_sheet", (f"a{i}", f"b{i}"), 0.5) for i in range(4)]


def answer(who: str, task: int, seconds: float, statuses: str = "++") -> list[Verdict]:
    when = START + timedelta(minutes=task)
    words = {"+": "ACCEPTED", "-": "REJECTED", "?": "AMBIGUOUS"}
    return [
        Verdict(f"{letter}{task}", words[status], who, "label_studio", seconds / 2, f"k{task}", "1", when)
        for letter, status in zip("ab", statuses, strict=True)
    ]


def skip(who: str, task: int) -> Skip:
    return Skip(f"k{task}", who, "9", 1.0, START + timedelta(minutes=task))


def test_a_task_is_done_when_enough_different_people_have_answered_it():
    given = answer("al", 0, 10.0) + answer("bo", 0, 12.0) + answer("al", 1, 14.0)
    for n_people, done, begun, left in ((1, 2, 0, 2), (2, 1, 1, 5), (3, 0, 2, 9)):
        now = progress_of(TASKS, n_people, given, [], START)
        assert (now.n_tasks, now.n_done, now.n_begun, now.n_answers_left) == (4, done, begun, left)
        assert now.n_left == 4 - done


def test_each_person_has_a_pace_doubts_and_skips():
    given = answer("al", 0, 10.0, "+?") + answer("al", 1, 14.0) + answer("bo", 1, 30.0)
    now = progress_of(TASKS, 2, given, [skip("bo", 3), skip("cy", 3), skip("bo", 1)], START)
    assert now.annotators == (
        AnnotatorProgress("al", 2, 4, 1, 0, 12.0, 6.0, START + timedelta(minutes=1)),
        AnnotatorProgress("bo", 1, 2, 0, 2, 30.0, 15.0, START + timedelta(minutes=3)),
        AnnotatorProgress("cy", 0, 0, 0, 1, 0.0, 0.0, START + timedelta(minutes=3)),
    )
    assert now.n_skipped == 1, "task 1 was answered by two, so it is done"


def test_the_work_left_is_shared_by_those_who_are_at_work():
    given = answer("al", 0, 10.0) + answer("al", 1, 14.0) + answer("bo", 1, 14.0)
    now = progress_of(TASKS, 2, given, [], START + timedelta(minutes=16))
    assert (now.n_answers_left, now.left_s, now.eta_s) == (5, 70.0, 35.0)
    assert progress_of(TASKS, 2, given, [], START + timedelta(minutes=17)).eta_s is None


def test_agreement_is_that_on_candidates_of_several_and_gold_is_no_part_of_it():
    given = answer("al", 0, 4.0, "++") + answer("bo", 0, 4.0, "+-") + answer("al", 1, 4.0)
    assert progress_of(TASKS, 2, given, [], START).agreement.value == 0.5
    assert progress_of(TASKS, 2, given, [], START, hidden={"b0"}).agreement.value == 1.0


def test_without_answers_the_time_left_and_agreement_are_unknown():
    now = progress_of(TASKS, 3, [], [], START)
    assert (now.n_done, now.n_left, now.n_answers_left, now.annotators) == (0, 4, 12, ())
    assert (now.left_s, now.eta_s) == (None, None)
    assert math.isnan(now.agreement.value)


def test_verdicts_on_other_tasks_do_not_count():
    other = Verdict("x", "ACCEPTED", "al", "label_studio", 1.0, "elsewhere", "1", START)
    assert progress_of(TASKS, 1, [other], [Skip("elsewhere", "al", "1", 1.0, START)], START).annotators == ()

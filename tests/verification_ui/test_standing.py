from __future__ import annotations

from datetime import UTC, datetime, timedelta

from schemas.reviews import ReviewTask, Verdict
from verification_ui.standing import AnnotatorStanding, Standing, standing

START = datetime(2026, 1, 1, tzinfo=UTC)
TASKS = [ReviewTask(f"k{i}", "v", "1", i, 0, "contact_sheet", (f"a{i}", f"b{i}"), 0.5) for i in range(4)]


def answer(who: str, task: int, seconds: float) -> list[Verdict]:
    when = START + timedelta(hours=task)
    return [
        Verdict(f"{letter}{task}", "ACCEPTED", who, "label_studio", seconds / 2, f"k{task}", "1", when)
        for letter in "ab"
    ]


def test_done_left_pace_and_time_left() -> None:
    given = answer("al", 0, 10.0) + answer("al", 1, 14.0) + answer("bo", 1, 30.0)
    assert standing(TASKS, given) == Standing(
        n_tasks=4,
        n_done=2,
        annotators=(
            AnnotatorStanding("al", 2, 4, 12.0, START + timedelta(hours=1)),
            AnnotatorStanding("bo", 1, 2, 30.0, START + timedelta(hours=1)),
        ),
        eta_s=28.0,
    )


def test_without_answers_the_time_left_is_unknown() -> None:
    assert standing(TASKS, []) == Standing(4, 0, (), None)
    assert standing(TASKS, []).n_left == 4


def test_verdicts_on_other_tasks_do_not_count() -> None:
    other = Verdict("x", "ACCEPTED", "al", "label_studio", 1.0, "elsewhere", "1", START)
    assert standing(TASKS, [other]).n_done == 0

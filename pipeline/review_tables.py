"""The summary tables of the review commands."""

from __future__ import annotations

from pipeline.console import summary
from schemas.rejects import Reject
from schemas.reviews import ReviewTask, Verdict
from verification_ui.pull import Pulled
from verification_ui.push import Pushed
from verification_ui.standing import standing


def show_push(title: str, tasks: list[ReviewTask], pushed: Pushed, rejects: list[Reject]) -> None:
    """After a push."""
    rows: list[tuple[str, object]] = [
        ("tasks", len(tasks)),
        ("points", sum(len(task.candidate_ids) for task in tasks)),
        ("new in the queue", pushed.n_added),
        ("already there", pushed.n_already_there),
    ]
    rows += [("doubles removed", pushed.n_doubles_removed)] if pushed.n_doubles_removed else []
    rows += [("not shown (no frame)", len(rejects))] if rejects else []
    summary(f"Queue {title}", rows)


def show_pull(title: str, pulled: Pulled) -> None:
    """After a pull."""
    rows: list[tuple[str, object]] = [
        ("tasks changed", pulled.n_changed),
        ("verdicts", pulled.n_verdicts),
        ("skipped", pulled.n_skipped),
    ]
    rows += [("points added by people (not used)", pulled.n_added_points)] if pulled.n_added_points else []
    rows += [("tasks of another run", pulled.n_unknown)] if pulled.n_unknown else []
    summary(f"Answers of {title}", rows)


def show_standing(design: str, tasks: list[ReviewTask], verdicts: list[Verdict]) -> None:
    """How far the review of one design is."""
    now = standing(tasks, verdicts)
    rows: list[tuple[str, object]] = [("tasks", now.n_tasks), ("done", now.n_done), ("left", now.n_left)]
    if now.eta_s is not None:
        rows.append(("one person's time left", f"{now.eta_s / 60:.0f} min"))
    for person in now.annotators:
        pace = f"{person.n_tasks} tasks, {person.n_points} points, {person.seconds_per_task:.1f} s a task"
        rows.append((person.annotator, f"{pace}, last at {person.last_at:%Y-%m-%d %H:%M} UTC"))
    summary(f"Review by {design}", rows)

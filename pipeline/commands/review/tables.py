"""The summary tables of the review commands."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.runs.flagged import FlaggedFrame, studio_command
from pipeline.terminal.console import console, quoted, summary
from schemas.rejects import Reject
from schemas.wording import many
from stages.consensus.progress import AnnotatorProgress, Progress
from verification_ui.queue.pull import Pulled
from verification_ui.queue.push import Pushed

_MOST_UNREADABLE = 10
"""Of answers that cannot be read, named one by one."""
_MOST_FLAGGED = 10


def show_push(
    title: str,
    counts: tuple[int, int],
    pushed: Pushed,
    rejects: list[Reject],
    held_back: Sequence[tuple[str, object]] = (),
) -> None:
    """After a push; ``counts`` are the tasks that are shown, and their points."""
    rows: list[tuple[str, object]] = [
        ("tasks", counts[0]),
        ("points", counts[1]),
        ("new in the queue", pushed.n_added),
        ("already there", pushed.n_already_there),
    ]
    rows += [("duplicates removed", pushed.n_doubles_removed)] if pushed.n_doubles_removed else []
    rows += [("outdated, removed", pushed.n_taken_back)] if pushed.n_taken_back else []
    rows += [("not shown (no frame)", len(rejects))] if rejects else []
    rows += held_back
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
    rows += [("skipped, unreadable", len(pulled.unreadable))] if pulled.unreadable else []
    summary(f"Answers of {title}", rows)
    for answer in pulled.unreadable[:_MOST_UNREADABLE]:
        console.print(f"Skipped: {answer}")
    if pulled.n_miscounted:
        console.print(
            f"Label Studio miscounts the answers to {many(pulled.n_miscounted, 'task')}, as it does after two projects "
            "were deleted at the same moment. No answer is lost, but it may ask more people than --overlap says until "
            "the server is restarted."
        )


def show_progress(design: str, now: Progress) -> None:
    """How far the review of one design is."""
    people = f"answered by {now.n_people} people each" if now.n_people > 1 else "answered"
    rows: list[tuple[str, object]] = [("tasks", now.n_tasks), (f"done, {people}", now.n_done), ("left", now.n_left)]
    rows += [("left, started", now.n_begun)] if now.n_begun else []
    rows += [("left, skipped by somebody", now.n_skipped)] if now.n_skipped else []
    if now.left_s is not None and now.n_left:
        rows += [("work left", f"{duration(now.left_s)} for one person")]
        rows += [
            ("time left at the current pace", duration(now.eta_s) if now.eta_s is not None else "nobody is working")
        ]
    rows += [("two people agree", now.agreement), ("Fleiss' κ", now.fleiss)] if now.agreement.n else []
    rows += [(person.annotator, _work(person)) for person in now.annotators]
    summary(f"Review by {design}", rows)


def show_flagged(run: str, found: Sequence[FlaggedFrame]) -> None:
    """Frames that annotators found wrong, and how each is opened in the studio."""
    if not found:
        return
    count = many(len(found), "frame")
    rows = [
        (
            f"{one.video_id}, object {one.object_id}, frame {one.frame_idx}",
            f"{one.why}: {studio_command(run, one.place)}",
        )
        for one in found[:_MOST_FLAGGED]
    ]
    summary(f"Masks that annotators found wrong, on {count}; correct them in the studio", rows)
    if len(found) > _MOST_FLAGGED:
        console.print(
            f"… and {len(found) - _MOST_FLAGGED:,} more; all with pictures: pointvos report --run {quoted(run)}"
        )


def duration(seconds: float) -> str:
    """As people say it.

    >>> duration(45), duration(150), duration(9000)
    ('45 s', '2 min', '2 h 30 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _work(person: AnnotatorProgress) -> str:
    parts = [f"{many(person.n_tasks, 'task')}, {many(person.n_points, 'point')}"]
    if person.n_points:
        parts += [f"{person.seconds_a_task:.1f} s per task, {person.seconds_a_point:.2f} s per point"]
        parts += [f"{person.n_unsure / person.n_points:.0%} unsure"]
    parts += [f"{person.n_skipped:,} skipped"] if person.n_skipped else []
    return ", ".join([*parts, f"last at {person.last_at:%Y-%m-%d %H:%M} UTC"])

"""Answers from the server into our ledger, which is the authority."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from schemas.points import PointCandidate
from schemas.reviews import ReviewTask, Skip, Verdict
from verification_ui.decisions import decide_task
from verification_ui.ledger import Ledger
from verification_ui.review_queue import ReviewQueue

OVERLAP = timedelta(minutes=2)
"""Every pull reads this much of the past again: a change may become visible after a later one."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did.

    Attributes:
        n_changed: tasks whose verdicts are other than before.
        n_verdicts: verdicts in the ledger now.
        n_skipped: skips in the ledger now: tasks that somebody would not answer, each person counted.
        n_unknown: tasks read that are none of this run's, or ask about candidates that it no longer has.
        n_added_points: points that people added in the frame view, among the tasks read.
        n_miscounted: tasks read of which the server counts fewer answers than there are.
    """

    n_changed: int
    n_verdicts: int
    n_skipped: int
    n_unknown: int
    n_added_points: int
    n_miscounted: int = 0


def pull(
    queue: ReviewQueue,
    ledger: Ledger,
    tasks: Mapping[str, ReviewTask],
    candidates: Mapping[str, PointCandidate],
    metadata: Mapping[str, str],
    done: Callable[[int], None] = lambda _: None,
) -> Pulled:
    """Bring the ledger up to what people have said until now.

    A task that the server names as changed has its verdicts replaced by those of its present annotations: edits,
    further annotators and deleted annotations all come out right. A task that the server no longer has is never
    named, so what was pulled from it stays. What changes while we read is read again by the next pull, because the
    cursor is the server's latest change before we began.

    Args:
        queue: the project.
        ledger: the ledger of this project.
        tasks: this run's tasks by key.
        candidates: this run's candidates by id.
        metadata: run id and config hash for the file.
        done: called with 1 for every task read.
    """
    known: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in ledger.verdicts():
        known[verdict.task_key].append(verdict)
    skips: dict[str, list[Skip]] = defaultdict(list)
    for skip in ledger.skips():
        skips[skip.task_key].append(skip)
    cursor, horizon = ledger.cursor(), queue.latest_change()
    n_changed = n_unknown = n_added = n_miscounted = 0
    for answered in queue.answered(cursor - OVERLAP if cursor else None):
        done(1)
        task = tasks.get(answered.task_key)
        if task is None or any(candidate_id not in candidates for candidate_id in task.candidate_ids):
            n_unknown += 1
            continue
        decisions = list(decide_task(answered.annotations, task, candidates))
        fresh = sorted((v for verdicts, _ in decisions for v in verdicts), key=_order)
        n_changed += fresh != sorted(known.get(task.task_key, []), key=_order)
        n_added += sum(len(added) for _, added in decisions)
        n_miscounted += horizon is not None and answered.is_miscounted_before(horizon)
        known[task.task_key], skips[task.task_key] = fresh, answered.skips()
    verdicts = [verdict for of_task in known.values() for verdict in of_task]
    skipped = [skip for of_task in skips.values() for skip in of_task]
    ledger.replace(verdicts, skipped, horizon or cursor, metadata)
    return Pulled(n_changed, len(verdicts), len(skipped), n_unknown, n_added, n_miscounted)


def _order(verdict: Verdict) -> tuple[str, str]:
    return verdict.annotator, verdict.candidate_id

"""Answers from the server into our ledger, which is the authority."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from schemas.points import PointCandidate
from schemas.reviews import ReviewTask, Skip, Verdict
from verification_ui.page.annotations import AnsweredTask
from verification_ui.page.decisions import decide_task
from verification_ui.queue.ledger import Ledger
from verification_ui.queue.review_queue import ReviewQueue, TaskState

Row = TypeVar("Row", Verdict, Skip)


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did.

    Attributes:
        n_changed: tasks whose verdicts are other than before.
        n_verdicts: verdicts in the ledger now.
        n_skipped: skips in the ledger now: tasks that somebody would not answer, each person counted.
        n_unknown: answered tasks that are none of this run's, or ask about candidates that it no longer has.
        n_added_points: points that people added in the frame view, among the tasks read.
        n_miscounted: tasks read of which the server counts fewer answers than there are.
        unreadable: answers to the tasks read that are left out because they cannot be read, each with the reason.
    """

    n_changed: int
    n_verdicts: int
    n_skipped: int
    n_unknown: int
    n_added_points: int
    n_miscounted: int = 0
    unreadable: tuple[str, ...] = ()


def pull(
    queue: ReviewQueue,
    ledger: Ledger,
    tasks: Mapping[str, ReviewTask],
    candidates: Mapping[str, PointCandidate],
    metadata: Mapping[str, str],
    done: Callable[[int], None] = lambda _: None,
) -> Pulled:
    """Bring the ledger up to what people have said until now.

    Every task whose state is another than when it was read last has its verdicts replaced by those of its present
    annotations: edits, further annotators and deleted annotations all come out right, and so they do when the server's
    clock was wrong, for times are never put in order. A task that the server no longer has is never read, so what was
    pulled from it stays. What changes while we read is read again by the next pull, because states are asked first.

    Args:
        queue: the project.
        ledger: the ledger of this project.
        tasks: this run's tasks by key.
        candidates: this run's candidates by id.
        metadata: run id and config hash for the file.
        done: called with 1 for every task read.
    """
    known = _by_task(ledger.verdicts())
    skips = _by_task(ledger.skips())
    marks, states = ledger.read_marks(), _states(queue)
    ours = {
        key for key, task in tasks.items() if all(candidate_id in candidates for candidate_id in task.candidate_ids)
    }
    told = {key for key, state in states.items() if state.annotation_ids or key in known or key in skips}
    changed = sorted(key for key in told & ours if states[key].mark != marks.get(key))
    horizon = max((state.changed_at for state in states.values()), default=None)
    n_changed = n_added = n_miscounted = 0
    unreadable: list[str] = []
    for answered in _answered(queue, changed):
        done(1)
        decisions = list(decide_task(answered.annotations, tasks[answered.task_key], candidates))
        fresh = sorted((v for verdicts, _ in decisions for v in verdicts), key=_order)
        n_changed += fresh != sorted(known.get(answered.task_key, []), key=_order)
        n_added += sum(len(added) for _, added in decisions)
        unreadable += answered.unreadable
        n_miscounted += horizon is not None and answered.is_miscounted_before(horizon)
        known[answered.task_key], skips[answered.task_key] = fresh, answered.skips()
        marks[answered.task_key] = states[answered.task_key].mark
    verdicts = [verdict for of_task in known.values() for verdict in of_task]
    skipped = [skip for of_task in skips.values() for skip in of_task]
    ledger.replace(verdicts, skipped, marks, metadata)
    return Pulled(n_changed, len(verdicts), len(skipped), len(told - ours), n_added, n_miscounted, tuple(unreadable))


def _by_task(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.task_key].append(row)
    return found


def _states(queue: ReviewQueue) -> dict[str, TaskState]:
    """By task key; where a task is on the server twice, both together."""
    found: dict[str, TaskState] = {}
    for state in queue.states():
        twin = found.get(state.task_key, state)
        ids = twin.annotation_ids | state.annotation_ids
        found[state.task_key] = TaskState(state.task_key, max(twin.changed_at, state.changed_at), ids)
    return found


def _answered(queue: ReviewQueue, task_keys: list[str]) -> Iterable[AnsweredTask]:
    """The tasks as they are now; where a task is on the server twice, both together."""
    found: dict[str, AnsweredTask] = {}
    for task in queue.answered(task_keys):
        twin = found.get(task.task_key)
        found[task.task_key] = (
            task
            if twin is None
            else AnsweredTask(
                task.task_key,
                twin.annotations + task.annotations,
                twin.n_counted + task.n_counted,
                twin.unreadable + task.unreadable,
            )
        )
    return found.values()


def _order(verdict: Verdict) -> tuple[str, str]:
    return verdict.annotator, verdict.candidate_id

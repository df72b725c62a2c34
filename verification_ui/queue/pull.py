"""Answers from the server into our ledger, which is the authority."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from schemas import tables
from schemas.reviews import Skip, Verdict
from schemas.tables import Table
from verification_ui.page.annotations import AnsweredTask
from verification_ui.page.decisions import decide_task
from verification_ui.queue.asked_tasks import AskedTasks
from verification_ui.queue.ledger import Ledger, in_order, marks_text
from verification_ui.queue.pull_parts import PullFolder, PullPart
from verification_ui.queue.review_queue import ReviewQueue

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

    def __add__(self, other: Pulled) -> Pulled:
        """Of two parts together."""
        return Pulled(
            self.n_changed + other.n_changed,
            self.n_verdicts + other.n_verdicts,
            self.n_skipped + other.n_skipped,
            self.n_unknown + other.n_unknown,
            self.n_added_points + other.n_added_points,
            self.n_miscounted + other.n_miscounted,
            self.unreadable + other.unreadable,
        )


def pull(
    queue: ReviewQueue,
    ledger: Ledger,
    tasks: AskedTasks,
    metadata: Mapping[str, str],
    done: Callable[[int], None] = lambda _: None,
) -> Pulled:
    """Bring the ledger up to what people have said until now.

    Every task whose state is another than when it was read last has its verdicts replaced by those of its present
    annotations: edits, further annotators and deleted annotations all come out right, and so they do when the server's
    clock was wrong, for times are never put in order. A task that the server no longer has is never read, so what was
    pulled from it stays. What changes while we read is read again by the next pull, because states are asked first.

    Tasks are gone through in the order of their keys, one part after the other; what a part came to waits in a
    temporary file until the ledger is replaced as a whole. So no more than a part is held, and the marks of all tasks.

    Args:
        queue: the project.
        ledger: the ledger of this project.
        tasks: this run's tasks.
        metadata: run id and config hash for the file.
        done: called with 1 for every task read.
    """
    with TemporaryDirectory(prefix="pointvos-") as name:
        folder = PullFolder(Path(name), tasks.bounds)
        horizon = folder.partition(queue, ledger)
        total, marks = Pulled(0, 0, 0, 0, 0), list[str]()
        for part in folder.parts():
            reading = _Reading(part, tasks, horizon)
            for answered in _answered(queue, reading.changed):
                reading.add(answered)
                done(1)
            verdicts, skips = reading.rows()
            folder.keep(part.number, verdicts, skips)
            marks.append(marks_text(reading.marks))
            total += reading.pulled(verdicts.num_rows, skips.num_rows)
        ledger.replace(folder.verdicts(), folder.skips(), marks, metadata)
    return total


class _Reading:
    """The tasks of one part while their answers are read."""

    def __init__(self, part: PullPart, tasks: AskedTasks, horizon: datetime | None) -> None:
        self._part, self._horizon = part, horizon
        answered, ours = part.answered_keys(), frozenset(tasks.keys(part.number))
        self._n_unknown = len(answered - ours)
        self.changed = sorted(key for key in answered & ours if part.states[key].mark != part.marks.get(key))
        self._tasks, self._candidates = tasks.questions(part.number, self.changed)
        self._known = defaultdict[str, list[Verdict]](list)
        is_changed = pc.is_in(part.verdicts["task_key"], pa.array(self.changed, pa.string()))
        for verdict in tables.VERDICTS.records(part.verdicts.filter(is_changed)):
            self._known[verdict.task_key].append(verdict)
        self.marks = dict(part.marks)
        self._read, self._verdicts, self._skips = list[str](), list[Verdict](), list[Skip]()
        self._n_changed = self._n_added = self._n_miscounted = 0
        self._unreadable = list[str]()

    def add(self, answered: AnsweredTask) -> None:
        """Take the present answers to one task."""
        key = answered.task_key
        decisions = list(decide_task(answered.annotations, self._tasks[key], self._candidates))
        fresh = sorted((v for verdicts, _ in decisions for v in verdicts), key=_order)
        self._n_changed += fresh != sorted(self._known[key], key=_order)
        self._n_added += sum(len(added) for _, added in decisions)
        self._n_miscounted += self._horizon is not None and answered.is_miscounted_before(self._horizon)
        self._unreadable += answered.unreadable
        self._read.append(key)
        self._verdicts += fresh
        self._skips += answered.skips()
        self.marks[key] = self._part.states[key].mark

    def rows(self) -> tuple[pa.Table, pa.Table]:
        """Verdicts and skips of all tasks of the part, those that were read and the others."""
        return (
            _renewed(tables.VERDICTS, self._part.verdicts, self._read, self._verdicts),
            _renewed(tables.SKIPS, self._part.skips, self._read, self._skips),
        )

    def pulled(self, n_verdicts: int, n_skipped: int) -> Pulled:
        """What was done."""
        return Pulled(
            self._n_changed, n_verdicts, n_skipped, self._n_unknown, self._n_added, self._n_miscounted,
            tuple(self._unreadable),
        )  # fmt: skip


def _renewed(table: Table[Row], rows: pa.Table, read: Sequence[str], fresh: Sequence[Row]) -> pa.Table:
    """The rows of a part with those of the tasks that were read replaced."""
    is_old = pc.is_in(rows["task_key"], pa.array(read, pa.string()))
    new = table.to_arrow(fresh).replace_schema_metadata()
    return in_order(pa.concat_tables([rows.filter(pc.invert(is_old)), new]))


def _answered(queue: ReviewQueue, task_keys: list[str]) -> Iterable[AnsweredTask]:
    """The tasks as they are now; where a task is on the server twice, both together."""
    found: dict[str, AnsweredTask] = {}
    for task in queue.answered(task_keys) if task_keys else ():
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

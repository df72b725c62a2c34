"""Tasks to the server, none twice and none missing, whatever happens to the replies."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from verification_ui.payloads import Payload
from verification_ui.review_queue import OutcomeUnknown, QueuedTask, ReviewQueue

BATCH = 250
BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Pauses after an unknown outcome; when they are used up the push stops and can be repeated."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did."""

    n_added: int = 0
    n_already_there: int = 0
    n_doubles_removed: int = 0

    def __add__(self, other: Pushed) -> Pushed:
        return Pushed(
            self.n_added + other.n_added,
            self.n_already_there + other.n_already_there,
            self.n_doubles_removed + other.n_doubles_removed,
        )


def push(
    queue: ReviewQueue,
    payloads: Iterable[Payload],
    done: Callable[[int], None] = lambda _: None,
    pause: Callable[[float], None] = time.sleep,
) -> Pushed:
    """Import every payload whose task is not there yet, in order.

    The server neither knows our keys nor refuses a task that it has. So we look before every import, and after an
    unknown outcome we wait, look again, import what is missing, and remove what came twice.

    Args:
        queue: the project.
        payloads: the queue, first task first; only one batch is held in memory.
        done: called with the number of tasks that are surely there now.
        pause: sleeps.

    Raises:
        Refused: the server said no.
        OutcomeUnknown: it did not recover in time; what is there stays, a repeated push completes it.
    """
    total = Pushed()
    rest = iter(payloads)
    while batch := list(islice(rest, BATCH)):
        total += _settle(queue, batch, pause)
        done(len(batch))
    return total


def _settle(queue: ReviewQueue, batch: Sequence[Payload], pause: Callable[[float], None]) -> Pushed:
    keys = [payload.task_key for payload in batch]
    n_there_at_first: int | None = None
    n_doubles = 0
    is_certain = True
    problem = OutcomeUnknown("")
    for wait_s in BACKOFF_S:
        try:
            there = queue.present(keys)
            doubles = list(surplus(there))
            queue.remove(doubles)
            n_doubles += len(doubles)
            present = {task.task_key for task in there}
            n_there_at_first = len(present) if n_there_at_first is None else n_there_at_first
            missing = [payload for payload in batch if payload.task_key not in present]
            if missing:
                queue.add(missing)
            if is_certain or not missing:
                return Pushed(len(batch) - n_there_at_first, n_there_at_first, n_doubles)
        except OutcomeUnknown as unknown:
            is_certain, problem = False, unknown
            pause(wait_s)
    raise problem


def surplus(tasks: Iterable[QueuedTask]) -> Iterator[int]:
    """Ids of the tasks that are there twice and can go: the most annotated one stays, and every annotated one."""
    by_key: dict[str, list[QueuedTask]] = defaultdict(list)
    for task in tasks:
        by_key[task.task_key].append(task)
    for same in by_key.values():
        _, *others = sorted(same, key=lambda t: (-t.n_annotations, t.task_id))
        yield from (task.task_id for task in others if task.n_annotations == 0)

"""Tasks to the server, none twice and none missing, whatever happens to the replies."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from verification_ui.page.payloads import Payload
from verification_ui.queue.retry import BACKOFF_S
from verification_ui.queue.review_queue import OutcomeUnknown, QueuedTask, ReviewQueue

BATCH = 500
LATE_S = 24.0
"""An import whose reply did not come may still come through for so long: the pause before the last look. Where SQLite
is locked by another writer, Label Studio tries again 3, 9 and 21 seconds later (``retry_database_locked``)."""
_LAST_LOOKS = 4


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did."""

    n_added: int = 0
    n_already_there: int = 0
    n_doubles_removed: int = 0
    n_taken_back: int = 0

    def __add__(self, other: Pushed) -> Pushed:
        return Pushed(
            self.n_added + other.n_added,
            self.n_already_there + other.n_already_there,
            self.n_doubles_removed + other.n_doubles_removed,
            self.n_taken_back + other.n_taken_back,
        )


def push(
    queue: ReviewQueue,
    payloads: Iterable[Payload],
    done: Callable[[int], None] = lambda _: None,
    pause: Callable[[float], None] = time.sleep,
    batch_size: int = BATCH,
    late_s: float = LATE_S,
    was_cut_off: bool = False,
) -> Pushed:
    """Import every payload whose task is not there yet, in order.

    The server neither knows our keys nor refuses a task that it has. So we look before every import and count after
    it: a second push at the same time shows as doubles, and whoever counts last removes them. After an unknown
    outcome we wait, look again, import what is missing. The tasks of such batches are looked for again after a longer
    pause in the end, until none comes twice any more: an import whose reply did not come may still be under way.

    Args:
        queue: the project.
        payloads: the queue, first task first; one batch is held in memory, and the keys of those that met trouble.
        done: called with the number of tasks that are surely there now.
        pause: sleeps.
        batch_size: tasks an import.
        late_s: the pause before the last look.
        was_cut_off: an earlier push did not come to its end just now, so every batch gets a last look.

    Raises:
        Refused: the server said no.
        OutcomeUnknown: it did not recover in time; what is there stays, a repeated push completes it.
    """
    total = Pushed()
    troubled: list[list[str]] = []
    rest = iter(payloads)
    while batch := list(islice(rest, batch_size)):
        pushed, was_smooth = _settle(queue, batch, pause)
        total += pushed
        troubled += [[payload.task_key for payload in batch]] if was_cut_off or not was_smooth else []
        done(len(batch))
    if troubled:
        total += Pushed(n_doubles_removed=_look_again(queue, troubled, pause, late_s))
    return total


def _look_again(queue: ReviewQueue, troubled: list[list[str]], pause: Callable[[float], None], late_s: float) -> int:
    """Remove doubles of the tasks of some batches until none comes for ``late_s``; how many had to go."""
    n_doubles = 0
    for _ in range(_LAST_LOOKS):
        pause(late_s)
        n_removed = sum(_remove_doubles(queue, keys, pause) for keys in troubled)
        if not n_removed:
            return n_doubles
        n_doubles += n_removed
    raise OutcomeUnknown("the server is still importing tasks of an earlier push; push again in a minute")


def _remove_doubles(queue: ReviewQueue, keys: Sequence[str], pause: Callable[[float], None]) -> int:
    n_removed = 0
    problem = OutcomeUnknown("tasks were added during the push; let one push end before the next")
    for wait_s in BACKOFF_S:
        try:
            doubles = list(surplus(queue.present(keys)))
            if not doubles:
                return n_removed
            queue.remove(doubles)
            n_removed += len(doubles)
        except OutcomeUnknown as unknown:
            problem = unknown
            pause(wait_s)
    raise problem


def _settle(queue: ReviewQueue, batch: Sequence[Payload], pause: Callable[[float], None]) -> tuple[Pushed, bool]:
    """Bring one batch into the queue; also whether every import was answered and nothing came twice."""
    keys = [payload.task_key for payload in batch]
    n_there_at_first: int | None = None
    n_doubles = n_unanswered = 0
    problem = OutcomeUnknown("tasks were added or removed during the push; let one push end before the next")
    for wait_s in BACKOFF_S:
        try:
            there = queue.present(keys)
            doubles = list(surplus(there))
            if doubles:
                queue.remove(doubles)
                n_doubles += len(doubles)
            present = {task.task_key for task in there}
            n_there_at_first = len(present) if n_there_at_first is None else n_there_at_first
            missing = [payload for payload in batch if payload.task_key not in present]
            if missing:
                n_unanswered += 1
                queue.add(missing)
                n_unanswered -= 1
            if not doubles and (not missing or queue.count(keys) == len(batch)):
                was_smooth = not (n_unanswered or n_doubles)
                return Pushed(len(batch) - n_there_at_first, n_there_at_first, n_doubles), was_smooth
        except OutcomeUnknown as unknown:
            problem = unknown
            pause(wait_s)
    raise problem


def take_back(queue: ReviewQueue, task_keys: Sequence[str]) -> int:
    """Remove tasks that need no answer any more; those that somebody has answered stay. How many there were."""
    bare = [task.task_id for task in queue.present(task_keys) if task.n_annotations == 0]
    if bare:
        queue.remove(bare)
    return len(bare)


def surplus(tasks: Iterable[QueuedTask]) -> Iterator[int]:
    """Ids of the tasks that are there twice and can go: the most annotated one stays, and every annotated one."""
    by_key: dict[str, list[QueuedTask]] = defaultdict(list)
    for task in tasks:
        by_key[task.task_key].append(task)
    for same in by_key.values():
        _, *others = sorted(same, key=lambda t: (-t.n_annotations, t.task_id))
        yield from (task.task_id for task in others if task.n_annotations == 0)

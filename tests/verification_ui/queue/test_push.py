from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from verification_ui.page.annotations import AnsweredTask
from verification_ui.page.payloads import Payload
from verification_ui.queue.push import BACKOFF_S, LATE_S, Pushed, push, surplus
from verification_ui.queue.review_queue import OutcomeUnknown, QueuedTask, Refused, TaskState

PAYLOADS = [Payload(f"key{i:04}", {"data": {"task_key": f"key{i:04}"}}) for i in range(600)]


class FaultyQueue:
    """A queue in memory whose replies get lost, before or after the work is done."""

    identity = "fake"

    def __init__(self, seed: int | None = None, rate: float = 0.3) -> None:
        self.tasks: list[QueuedTask] = []
        self.n_requests = 0
        self._random, self._rate = random.Random(seed), rate if seed is not None else 0.0
        self._next_id = 1

    def present(self, task_keys: Sequence[str]) -> list[QueuedTask]:
        self._maybe_fail()
        return [task for task in self.tasks if task.task_key in set(task_keys)]

    def count(self, task_keys: Sequence[str]) -> int:
        return len(self.present(task_keys))

    def add(self, payloads: Sequence[Payload]) -> None:
        self._maybe_fail()
        for payload in payloads:
            self.tasks.append(QueuedTask(payload.task_key, self._next_id, 0))
            self._next_id += 1
        self._maybe_fail()

    def remove(self, task_ids: Sequence[int]) -> None:
        self.tasks = [task for task in self.tasks if task.task_id not in task_ids]

    def states(self) -> Iterator[TaskState]:
        raise NotImplementedError

    def answered(self, task_keys: Sequence[str] | None = None) -> Iterator[AnsweredTask]:
        raise NotImplementedError

    def _maybe_fail(self) -> None:
        self.n_requests += 1
        if self._random.random() < self._rate:
            raise OutcomeUnknown("reply lost")


def no_pause(seconds: float) -> None:
    assert seconds in (*BACKOFF_S, LATE_S)


def keys(queue: FaultyQueue) -> list[str]:
    return [task.task_key for task in queue.tasks]


def test_everything_is_imported_once_and_in_order() -> None:
    queue, done = FaultyQueue(), []
    assert push(queue, iter(PAYLOADS), done.append, batch_size=250) == Pushed(600, 0, 0)
    assert keys(queue) == [p.task_key for p in PAYLOADS]
    assert done == [250, 250, 100]


def test_a_second_push_adds_nothing() -> None:
    queue = FaultyQueue()
    push(queue, PAYLOADS[:400])
    assert push(queue, PAYLOADS) == Pushed(200, 400, 0)
    assert push(queue, PAYLOADS) == Pushed(0, 600, 0)
    assert sorted(keys(queue)) == [p.task_key for p in PAYLOADS]


@pytest.mark.parametrize("seed", range(50))
def test_no_task_twice_and_none_missing_whatever_replies_are_lost(seed: int) -> None:
    queue = FaultyQueue(seed)
    for _ in range(20):
        try:
            push(queue, PAYLOADS, pause=no_pause)
            break
        except OutcomeUnknown:
            continue
    assert sorted(keys(queue)) == [p.task_key for p in PAYLOADS]


def test_an_import_that_came_through_late_is_cleaned_up() -> None:
    class LateQueue(FaultyQueue):
        """Says that it failed, is not seen at the next look, and comes through after all."""

        late: Sequence[Payload] = ()

        def add(self, payloads: Sequence[Payload]) -> None:
            if not self.late:
                self.late = payloads
                raise OutcomeUnknown("timeout")
            super().add(self.late)
            super().add(payloads)

    queue = LateQueue()
    assert push(queue, PAYLOADS[:5], pause=no_pause) == Pushed(5, 0, 5)
    assert keys(queue) == [p.task_key for p in PAYLOADS[:5]]


def test_a_server_that_stays_away_stops_the_push_after_all_pauses() -> None:
    queue, pauses = FaultyQueue(0, rate=1.0), []
    with pytest.raises(OutcomeUnknown, match="reply lost"):
        push(queue, PAYLOADS, pause=pauses.append)
    assert tuple(pauses) == BACKOFF_S


def test_a_refusal_is_not_repeated() -> None:
    class Refusing(FaultyQueue):
        def add(self, payloads: Sequence[Payload]) -> None:
            self.n_requests += 1
            raise Refused("bad prediction")

    queue = Refusing()
    with pytest.raises(Refused, match="bad prediction"):
        push(queue, PAYLOADS[:3])
    assert queue.n_requests == 2


def test_of_doubles_the_annotated_one_stays_and_no_annotated_one_goes() -> None:
    assert list(surplus([QueuedTask("a", 1, 0), QueuedTask("a", 2, 1), QueuedTask("b", 3, 0)])) == [1]
    assert list(surplus([QueuedTask("a", 2, 0), QueuedTask("a", 1, 0), QueuedTask("a", 3, 0)])) == [2, 3]
    assert list(surplus([QueuedTask("a", 1, 1), QueuedTask("a", 2, 1)])) == []


def test_what_another_push_added_at_the_same_time_is_removed_again() -> None:
    class SharedQueue(FaultyQueue):
        """Somebody else adds the same tasks between our look and our import."""

        def add(self, payloads: Sequence[Payload]) -> None:
            if not self.tasks:
                super().add(payloads)
            super().add(payloads)

    queue = SharedQueue()
    assert push(queue, PAYLOADS[:5], pause=no_pause) == Pushed(5, 0, 5)
    assert keys(queue) == [p.task_key for p in PAYLOADS[:5]]


class LateQueue(FaultyQueue):
    """What an interrupted import brings comes in only while nobody does anything."""

    def __init__(self, *late: Sequence[Payload]) -> None:
        super().__init__()
        self.late = list(late)

    def pause(self, seconds: float) -> None:
        if seconds == LATE_S and self.late:
            self.add(self.late.pop(0))


def test_after_a_push_that_was_cut_off_every_batch_is_watched_until_nothing_comes_any_more() -> None:
    queue = LateQueue(PAYLOADS[:5], PAYLOADS[5:10], PAYLOADS[5:10])
    pushed = push(queue, PAYLOADS[:10], pause=queue.pause, batch_size=5, was_cut_off=True)
    assert keys(queue) == [p.task_key for p in PAYLOADS[:10]]
    assert pushed == Pushed(10, 0, 15)


def test_a_server_that_goes_on_importing_ends_in_a_sentence() -> None:
    queue = LateQueue(*[PAYLOADS[:5]] * 9)
    with pytest.raises(OutcomeUnknown, match="still importing tasks of an earlier push"):
        push(queue, PAYLOADS[:5], pause=queue.pause, was_cut_off=True)


def test_a_batch_that_met_trouble_is_looked_at_again_in_the_end() -> None:
    class SlowQueue(FaultyQueue):
        """The first import comes through while the next batch is imported, long after it seemed to have failed."""

        late: Sequence[Payload] = ()

        def add(self, payloads: Sequence[Payload]) -> None:
            if not self.late:
                self.late = payloads
                raise OutcomeUnknown("timeout")
            if payloads[0] not in self.late:
                super().add(self.late)
            super().add(payloads)

    queue = SlowQueue()
    assert push(queue, PAYLOADS[:10], pause=no_pause, batch_size=5) == Pushed(10, 0, 5)
    assert sorted(keys(queue)) == [p.task_key for p in PAYLOADS[:10]]

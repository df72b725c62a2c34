"""A whole queue, with its answers, as plain records: to keep, and to bring back into any server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verification_ui.page.payloads import Payload
from verification_ui.queue.client import LabelStudioClient, LabelStudioQueue
from verification_ui.queue.push import push
from verification_ui.queue.retry import with_retries
from verification_ui.queue.review_queue import QueuedTask

_DOMAIN = "unknown.invalid"
"""People whom the server no longer names get an address here."""


@dataclass(frozen=True, slots=True)
class QueueCopy:
    """One project as it was.

    Attributes:
        title: the project's name, by which it is found again.
        identity: which project it was; a restored one is another.
        label_config: XML.
        guidelines: HTML.
        n_people: answers that are asked for each task.
        tasks: as an import takes them: ``data``, ``predictions``, ``annotations``.
    """

    title: str
    identity: str
    label_config: str
    guidelines: str
    n_people: int
    tasks: Sequence[Mapping[str, Any]]

    @property
    def n_answers(self) -> int:
        """Answers of all tasks, skips not counted."""
        return sum(_n_real(task["annotations"]) for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: tasks brought back with their answers, and tasks that were left as they are."""

    queue: LabelStudioQueue
    n_added: int
    n_left: int


def copy_queue(queue: LabelStudioQueue, done: Callable[[int], None] = lambda _: None) -> QueueCopy:
    """Everything that the server knows about a queue; drafts and accounts are left out.

    Raises:
        QueueProblem: the server did not give it.
    """
    project = queue.settings()
    tasks = []
    for task in queue.whole_tasks():
        tasks.append(_plain(task, queue.annotators))
        done(1)
    return QueueCopy(
        title=str(project.title),
        identity=queue.identity,
        label_config=str(project.label_config),
        guidelines=str(project.expert_instruction or ""),
        n_people=int(project.maximum_annotations or 1),
        tasks=tasks,
    )


def restore_queue(client: LabelStudioClient, copy: QueueCopy, done: Callable[[int], None] = lambda _: None) -> Restored:
    """Bring back every task that is not there or that nobody has answered; an answered one stays as it is now.

    People who answered get an account without a password where they have none. May be repeated.

    Raises:
        QueueProblem: the server said no, or did not recover in time.
    """
    queue = with_retries(lambda: client.open_queue(copy.title, copy.label_config, copy.guidelines))
    with_retries(lambda: queue.ask_people(copy.n_people))
    client.add_people({a["completed_by"]["email"] for task in copy.tasks for a in task["annotations"]})
    given = [Payload(task["data"]["task_key"], task) for task in copy.tasks]
    answered = {payload.task_key: _n_real(payload.body["annotations"]) for payload in given}
    there = with_retries(lambda: queue.present(list(answered)))
    bare = [task.task_id for task in there if task.n_annotations == 0 and answered[task.task_key]]
    if bare:
        with_retries(lambda: queue.remove(bare))
    pushed = push(queue, given, done)
    doubles = list(_second_copies(with_retries(lambda: queue.present(list(answered))), answered))
    if doubles:
        with_retries(lambda: queue.remove(doubles, even_answered=True))
    return Restored(queue, pushed.n_added, pushed.n_already_there)


def _second_copies(there: Sequence[QueuedTask], answered: Mapping[str, int]) -> Iterator[int]:
    """Tasks that came twice because a reply was lost: they hold just the restored answers, and the first one stays."""
    seen: Counter[str] = Counter()
    for task in sorted(there, key=lambda t: t.task_id):
        if seen[task.task_key] and task.n_annotations == answered[task.task_key]:
            yield task.task_id
        seen[task.task_key] += 1


def _n_real(annotations: Sequence[Mapping[str, Any]]) -> int:
    """As the server counts: a skip is no answer."""
    return sum(not annotation["was_cancelled"] for annotation in annotations)


def _plain(task: Any, annotators: Mapping[int, str]) -> dict[str, Any]:
    return {
        "data": dict(task.data),
        "predictions": [
            {"model_version": found.model_version, "result": found.result} for found in task.predictions or ()
        ],
        "annotations": [_answer(found, annotators) for found in task.annotations or ()],
    }


def _answer(found: Mapping[str, Any], annotators: Mapping[int, str]) -> dict[str, Any]:
    user = found["completed_by"]
    user_id = user["id"] if isinstance(user, Mapping) else user
    return {
        "completed_by": {"email": annotators.get(user_id, f"user-{user_id}@{_DOMAIN}")},
        "result": found["result"],
        "was_cancelled": bool(found.get("was_cancelled")),
        "lead_time": found.get("lead_time"),
        "ground_truth": False,
    }

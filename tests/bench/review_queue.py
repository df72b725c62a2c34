"""The review queue at 10,000 tasks on a real server: push, push again, first pull, pull of what is new.

The payloads are real ones; the pictures are left out: drawing them is measured by itself elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.points import PointCandidate
from schemas.reviews import ReviewTask
from tests.bench.commands import timed
from verification_ui.page.asked_objects import AskedObject
from verification_ui.page.label_config import guidelines, label_config
from verification_ui.page.media_paths import media_names
from verification_ui.page.payloads import Payload, Question, payload
from verification_ui.page.tasks import build_tasks
from verification_ui.queue.asked_tasks import TasksInMemory
from verification_ui.queue.client import LabelStudioClient, LabelStudioQueue
from verification_ui.queue.ledger import Ledger
from verification_ui.queue.pull import pull
from verification_ui.queue.push import push
from verification_ui.server.server import started

N_TASKS, N_FRAMES, N_POINTS = 10_000, 10, 12
N_NEW = 100
SIZE = (480, 854)
DESIGNS = ("contact_sheet", "frame")


@dataclass(frozen=True)
class _Review:
    """One design's questions, and a project in which all of them are answered."""

    client: LabelStudioClient
    work: Path
    design: str
    candidates: dict[str, PointCandidate]
    tasks: list[ReviewTask]
    answered: LabelStudioQueue

    def pull(self) -> float:
        """Seconds of a pull."""
        ledger = Ledger.of_project(self.work, self.answered.identity)
        return timed(
            pull, self.answered, ledger, TasksInMemory({t.task_key: t for t in self.tasks}, self.candidates), {}
        )[0]

    def answer_again(self, n: int) -> None:
        """A second answer to the first ``n`` tasks."""
        for task in self.answered.present([task.task_key for task in self.tasks[:n]]):
            self.client.sdk.annotations.create(id=task.task_id, result=[], lead_time=5.0)


def measure(work: Path, n_tasks: int = N_TASKS) -> dict[str, Any]:
    """Seconds of each act by design, on a private server in ``work``."""
    media = work / "media"
    media.mkdir()
    results: dict[str, Any] = {"tasks": n_tasks}
    with (
        started(work / "review", media, port=0) as server,
        LabelStudioClient(server.url, server.credentials.token) as client,
    ):
        reviews = []
        for design in DESIGNS:
            review, results[design] = _pushed(client, work, design, n_tasks)
            results[design]["first pull, all answered"] = review.pull()
            reviews.append(review)
        for review in reviews:
            review.answer_again(1)
            review.pull()
            review.answer_again(N_NEW)
            results[review.design][f"pull, {N_NEW} new answers"] = review.pull()
            results[review.design]["pull, nothing new"] = review.pull()
    return results


def _pushed(client: LabelStudioClient, work: Path, design: str, n_tasks: int) -> tuple[_Review, dict[str, float]]:
    candidates = {c.candidate_id: c for c in _candidates(n_tasks)}
    tasks = build_tasks(candidates.values(), design)
    given = _payloads(tasks, candidates)
    config = label_config(design), guidelines(design)
    queue = client.create_queue(f"push {design}", *config)
    seconds = {"push": timed(push, queue, given)[0], "push again": timed(push, queue, given)[0]}
    answered = client.create_queue(f"pull {design}", *config)
    push(answered, [_answered(p) for p in given])
    return _Review(client, work, design, candidates, tasks, answered), seconds


def _candidates(n_tasks: int) -> Iterator[PointCandidate]:
    for task in range(n_tasks):
        obj, frame = divmod(task, N_FRAMES)
        for i in range(N_POINTS):
            place = (
                frame * 7,
                60 * i + 20,
                30 * i + 20,
                i % 2 == 0,
                "interior",
                0.1,
                4.0,
                0.5 + obj / 3 / n_tasks,
                0,
                0,
            )
            yield PointCandidate(f"{obj:04x}-{frame}-{i}", f"video {obj // 4:04}", str(obj % 4), *place)


def _payloads(tasks: Sequence[ReviewTask], candidates: dict[str, PointCandidate]) -> list[Payload]:
    made = []
    for task in tasks:
        shown, asked = [candidates[i] for i in task.candidate_ids], AskedObject("dog", "the dog on the left")
        made.append(payload(Question(task, shown, asked, media_names(task, asked), *SIZE, has_clip=True)))
    return made


def _answered(given: Payload) -> Payload:
    """The task as it would be after somebody has confirmed all of it."""
    predictions = given.body.get("predictions") or [{"result": []}]
    return Payload(given.task_key, {**given.body, "annotations": [{"result": predictions[0]["result"]}]})

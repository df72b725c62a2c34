"""Backup and restore of a queue on a real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.verification_ui.fault_proxy import fault_proxy
from verification_ui.page.payloads import Payload
from verification_ui.queue.backup import copy_queue, restore_queue
from verification_ui.queue.client import LabelStudioClient, LabelStudioQueue
from verification_ui.queue.review_queue import OutcomeUnknown

pytestmark = pytest.mark.labelstudio

CONFIG = (
    '<View><Text name="key" value="$task_key"/><Choices name="c" toName="key"><Choice value="a"/></Choices></View>',
    "Read this <b>first</b>.",
)
KEYS = [f"key{i:02}" for i in range(12)]


def said(*choices: str) -> list[dict[str, Any]]:
    value = {"choices": list(choices)}
    return [{"id": "r1", "from_name": "c", "to_name": "key", "type": "choices", "value": value}] if choices else []


@pytest.fixture(scope="module")
def client(served_run: Any) -> Iterator[LabelStudioClient]:
    with LabelStudioClient(served_run.server.url, served_run.server.credentials.token) as made:
        yield made


@pytest.fixture
def queue(client: LabelStudioClient, request: pytest.FixtureRequest) -> LabelStudioQueue:
    """12 tasks: two people answered the first, one skipped the second, one answered the third with nothing wrong."""
    made = client.open_queue(f"{request.node.name[:30]} {time.time()}", *CONFIG)
    made.ask_people(2)
    predictions = [{"model_version": "pointvos", "result": said("a")}]
    made.add([Payload(key, {"data": {"task_key": key, "n": 1}, "predictions": predictions}) for key in KEYS])
    client.add_people(["carol@example.org"])
    user = {str(user.email): user.id for user in client.sdk.users.list()}
    carol, me = user["carol@example.org"], user["reviewer@pointvos.local"]
    for key, answer in ((0, (said("a"), 7.5, False, me)), (0, (said(), 3.0, False, carol)),
                        (1, (said("a"), 2.0, True, carol)), (2, (said(), 4.0, False, me))):  # fmt: skip
        result, lead_time, was_cancelled, who = answer
        client.sdk.annotations.create(
            id=made.present([KEYS[key]])[0].task_id, result=result, lead_time=lead_time,
            was_cancelled=was_cancelled, completed_by=who,
        )  # fmt: skip
    return made


def answers(queue: LabelStudioQueue) -> list[tuple[str, str, bool, float, tuple[str, ...]]]:
    return sorted(
        (task.task_key, a.annotator, a.is_skipped, a.lead_time_s, tuple(sorted(a.chosen("c"))))
        for task in queue.answered(None)
        for a in task.annotations
    )


def test_a_deleted_queue_comes_back_with_everything(client: LabelStudioClient, queue: LabelStudioQueue) -> None:
    copy, before = copy_queue(queue), answers(queue)
    client.sdk.projects.delete(queue.project_id)
    restored = restore_queue(client, copy)
    assert (restored.n_added, restored.n_left) == (12, 0)
    assert restored.queue.identity != queue.identity
    assert answers(restored.queue) == before
    assert len(before) == 4
    again = copy_queue(restored.queue)
    assert (again.tasks, again.label_config, again.guidelines, again.n_people) == (
        copy.tasks, copy.label_config, copy.guidelines, 2,
    )  # fmt: skip


def test_restoring_twice_adds_nothing(client: LabelStudioClient, queue: LabelStudioQueue) -> None:
    copy, before = copy_queue(queue), answers(queue)
    for _ in range(2):
        restored = restore_queue(client, copy)
        assert (restored.n_added, restored.n_left) == (0, 12)
    assert answers(queue) == before


def test_what_lost_its_answers_gets_them_back_and_what_was_answered_since_stays(
    client: LabelStudioClient, queue: LabelStudioQueue
) -> None:
    copy, before = copy_queue(queue), answers(queue)
    for task in queue.whole_tasks():
        if task.data["task_key"] in KEYS[:3]:
            client.sdk.tasks.delete(str(task.id))
    queue.add([Payload(KEYS[2], {"data": {"task_key": KEYS[2], "n": 1}})])
    client.sdk.annotations.create(id=queue.present([KEYS[5]])[0].task_id, result=said("a"), lead_time=1.0)
    restored = restore_queue(client, copy)
    assert (restored.n_added, restored.n_left) == (3, 9)
    assert answers(queue) == sorted([*before, (KEYS[5], "reviewer@pointvos.local", False, 1.0, ("a",))])
    assert sorted(t.task_key for t in queue.present(KEYS)) == KEYS


@pytest.mark.parametrize("seed", range(3))
def test_lost_replies_bring_nothing_back_twice(
    served_run: Any, client: LabelStudioClient, queue: LabelStudioQueue, seed: int
) -> None:
    copy, before = copy_queue(queue), answers(queue)
    client.sdk.projects.delete(queue.project_id)
    faults = ("dropped", "unavailable", "reply lost", "reply cut")
    with (
        fault_proxy(served_run.server.url, seed=seed, rate=0.3, faults=faults) as proxy,
        LabelStudioClient(proxy.url, served_run.server.credentials.token) as shaky,
    ):
        for _ in range(10):
            try:
                restore_queue(shaky, copy)
                break
            except OutcomeUnknown:
                continue
    found = client.find_queue(copy.title)
    assert found is not None
    assert sorted(t.task_key for t in found.present(KEYS)) == KEYS
    assert answers(found) == before

"""Push and pull against a real server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from label_studio_sdk import LabelStudio

from schemas import tables
from verification_ui.page.asked_objects import AskedObject
from verification_ui.page.label_config import guidelines, label_config
from verification_ui.page.media_paths import media_names
from verification_ui.page.payloads import Payload, Question, payload
from verification_ui.page.tasks import build_tasks
from verification_ui.queue.asked_tasks import TasksInMemory
from verification_ui.queue.client import LabelStudioClient, LabelStudioQueue
from verification_ui.queue.ledger import Ledger
from verification_ui.queue.pull import Pulled, pull
from verification_ui.queue.push import Pushed, push
from verification_ui.queue.review_queue import OutcomeUnknown, QueuedTask, Refused

pytestmark = pytest.mark.labelstudio


@pytest.fixture(scope="module")
def client(served_run: Any) -> Iterator[LabelStudioClient]:
    with LabelStudioClient(served_run.server.url, served_run.server.credentials.token) as made:
        yield made


@pytest.fixture(scope="module")
def sdk(served_run: Any) -> Iterator[LabelStudio]:
    """The SDK itself, to do what a person does."""
    with httpx.Client(timeout=60, trust_env=False) as http:
        token = served_run.server.credentials.token
        yield LabelStudio(base_url=served_run.server.url, api_key=token, httpx_client=http)


@pytest.fixture
def queue(client: LabelStudioClient, request: pytest.FixtureRequest) -> LabelStudioQueue:
    return client.create_queue(request.node.name[:50], label_config("contact_sheet"), guidelines("contact_sheet"))


def payloads(run: Any, design: str = "contact_sheet") -> list[Payload]:
    made = []
    for task in build_tasks(run.candidates.values(), design):
        points = [run.candidates[i] for i in task.candidate_ids]
        made.append(payload(Question(task, points, AskedObject(), media_names(task, AskedObject()), 120, 200)))
    return made


def queued(sdk: LabelStudio, queue: LabelStudioQueue) -> list[str]:
    return [task.data["task_key"] for task in sdk.tasks.list(project=queue.project_id)]


def answer(sdk: LabelStudio, queue: LabelStudioQueue, key: str, wrong: Sequence[str], **more: Any) -> int:
    (task,) = queue.present([key])
    value = {"id": "r1", "from_name": "wrong", "to_name": "question", "type": "choices", "value": {"choices": wrong}}
    return int(sdk.annotations.create(id=task.task_id, result=[value] if wrong else [], lead_time=6.0, **more).id)


def test_a_project_is_found_by_its_exact_title(client: LabelStudioClient, queue: LabelStudioQueue) -> None:
    found = client.find_queue("test_a_project_is_found_by_its_exact_title")
    assert found is not None
    assert (found.project_id, found.identity) == (queue.project_id, queue.identity)
    assert client.find_queue("test_a_project_is_found") is None


def test_an_older_project_gets_the_label_config_of_today_once_and_keeps_its_answers(
    served_run: Any, sdk: LabelStudio, client: LabelStudioClient
) -> None:
    config, words = label_config("contact_sheet"), guidelines("contact_sheet")
    older = config.replace("Enter submits", "Enter sends")
    queue = client.create_queue("older", older, "Older guidelines.")
    push(queue, payloads(served_run.run))
    key = payloads(served_run.run)[0].task_key
    answer(sdk, queue, key, wrong=[])
    assert queue.ask_with(config, words)
    assert not queue.ask_with(config, words)
    assert str(queue.settings().label_config).strip() == config.strip()
    assert [task.task_key for task in queue.answered(None)] == [key]


def test_a_label_config_that_does_not_fit_the_answers_is_refused(
    served_run: Any, sdk: LabelStudio, queue: LabelStudioQueue
) -> None:
    push(queue, payloads(served_run.run))
    first = payloads(served_run.run)[0]
    answer(sdk, queue, first.task_key, wrong=[first.body["data"]["points"][0]["value"]])
    with pytest.raises(Refused, match="cannot renew the label config, which answers that are there may not fit"):
        queue.ask_with(label_config("single"), "")


def test_pushing_twice_makes_no_task_twice(served_run: Any, sdk: LabelStudio, queue: LabelStudioQueue) -> None:
    given = payloads(served_run.run)
    assert push(queue, given) == Pushed(4, 0, 0)
    assert push(queue, given) == Pushed(0, 4, 0)
    assert queued(sdk, queue) == [p.task_key for p in given]


def test_a_reply_lost_after_success_makes_no_task_twice(
    served_run: Any, sdk: LabelStudio, queue: LabelStudioQueue
) -> None:
    class LosesReplies:
        """Does the work; the answer to an import never arrives."""

        identity = queue.identity
        answered = queue.answered
        states = queue.states
        remove = queue.remove

        def present(self, task_keys: Sequence[str]) -> list[QueuedTask]:
            return queue.present(task_keys)

        def add(self, given: Sequence[Payload]) -> None:
            queue.add(given)
            raise OutcomeUnknown("timeout")

    given = payloads(served_run.run)
    assert push(LosesReplies(), given, pause=lambda _: None) == Pushed(4, 0, 0)
    assert sorted(queued(sdk, queue)) == sorted(p.task_key for p in given)


def test_tasks_that_are_there_twice_are_cleaned_up(served_run: Any, sdk: LabelStudio, queue: LabelStudioQueue) -> None:
    given = payloads(served_run.run)
    queue.add(given)
    queue.add(given)
    assert push(queue, given) == Pushed(0, 4, 4)
    assert queued(sdk, queue) == [p.task_key for p in given]


def test_a_prediction_that_does_not_fit_the_config_is_refused(client: LabelStudioClient, served_run: Any) -> None:
    strict = client.create_queue("strict", label_config("frame"), guidelines("frame"))
    good = payloads(served_run.run, "frame")[0]
    bad: Any = {"data": good.body["data"], "predictions": [{"result": [{**good.body["predictions"][0]["result"][0]}]}]}
    bad["predictions"][0]["result"][0]["value"] = {"x": 1, "y": 1, "width": 1, "keypointlabels": ["no such label"]}
    with pytest.raises(Refused, match=r"cannot import 1 task: HTTP 400"):
        strict.add([Payload("k", bad)])
    strict.add([good])


def test_a_wrong_key_is_refused_without_showing_it(served_run: Any) -> None:
    with LabelStudioClient(served_run.server.url, "f" * 40) as stranger, pytest.raises(Refused) as refusal:
        stranger.whoami()
    assert str(refusal.value) == "cannot log in: the server refused the API key (HTTP 401)"


def test_edits_deletions_skips_and_several_annotators_come_out_right(
    served_run: Any, sdk: LabelStudio, queue: LabelStudioQueue, tmp_path: Path
) -> None:
    run = served_run.run
    tasks = build_tasks(run.candidates.values(), "contact_sheet")
    first, second, third, _ = tasks
    push(queue, payloads(run))
    second_user = sdk.users.create(email="second@pointvos.local", username="second@pointvos.local")

    def pull_now() -> Pulled:
        ledger = Ledger.of_project(tmp_path, queue.identity)
        return pull(queue, ledger, TasksInMemory({t.task_key: t for t in tasks}, run.candidates), {})

    def flipped() -> dict[tuple[str, str], set[str]]:
        found: dict[tuple[str, str], set[str]] = {}
        for v in tables.VERDICTS.records(tables.VERDICTS.read(tmp_path)):
            is_on = {"ACCEPTED": True, "REJECTED": False}[v.status]
            wrong = found.setdefault((v.annotator, v.task_key), set())
            wrong |= {v.candidate_id} if is_on != run.candidates[v.candidate_id].is_fg_candidate else set()
        return found

    me, other = served_run.server.credentials.email, "second@pointvos.local"
    mine = answer(sdk, queue, first.task_key, first.candidate_ids[:2])
    answer(sdk, queue, first.task_key, first.candidate_ids[3:4], completed_by=second_user.id)
    doomed = answer(sdk, queue, second.task_key, [])
    answer(sdk, queue, third.task_key, third.candidate_ids[:1], was_cancelled=True)
    assert pull_now() == Pulled(2, 36, 1, 0, 0)
    assert flipped() == {
        (me, first.task_key): set(first.candidate_ids[:2]),
        (other, first.task_key): {first.candidate_ids[3]},
        (me, second.task_key): set(),
    }

    value = {"id": "r1", "from_name": "wrong", "to_name": "question", "type": "choices"}
    sdk.annotations.update(mine, result=[{**value, "value": {"choices": [first.candidate_ids[5]]}}])
    sdk.annotations.delete(doomed)
    assert pull_now() == Pulled(2, 24, 1, 0, 0)
    assert flipped() == {
        (me, first.task_key): {first.candidate_ids[5]},
        (other, first.task_key): {first.candidate_ids[3]},
    }

    sdk.projects.delete(queue.project_id)
    with pytest.raises(Refused):
        pull_now()
    assert len(flipped()) == 2


def test_answers_that_the_server_has_not_counted_are_pulled_and_stay(
    served_run: Any, sdk: LabelStudio, queue: LabelStudioQueue, tmp_path: Path
) -> None:
    """It counts no more after two projects were deleted at the same moment; the database is brought to that state."""
    run = served_run.run
    tasks = build_tasks(run.candidates.values(), "contact_sheet")
    given = payloads(run)
    queue.add(given)
    queue.add(given)
    first, second, *_ = tasks
    ids = {key: [t.task_id for t in queue.present([key])] for key in (first.task_key, second.task_key)}
    sdk.annotations.create(id=ids[first.task_key][1], result=[], lead_time=6.0)
    sdk.annotations.create(id=ids[second.task_key][0], result=[], lead_time=6.0, was_cancelled=True)
    sdk.annotations.create(id=ids[first.task_key][1], result=[], lead_time=6.0)
    with closing(sqlite3.connect(run.path / "review/data/label_studio.sqlite3", timeout=60)) as database, database:
        database.execute(
            "UPDATE task SET total_annotations = 0, cancelled_annotations = 0, is_labeled = 0 WHERE project_id = ?",
            (queue.project_id,),
        )
    queue.remove(ids[first.task_key])
    assert [t.task_id for t in queue.present([first.task_key])] == ids[first.task_key][1:], "only what nobody answered"
    assert push(queue, given).n_doubles_removed == 3
    assert [t.task_id for t in queue.present([second.task_key])] == ids[second.task_key][:1], "a skip is an answer too"
    ledger = Ledger.of_project(tmp_path, queue.identity)
    pulled = pull(queue, ledger, TasksInMemory({t.task_key: t for t in tasks}, run.candidates), {})
    assert (pulled.n_verdicts, pulled.n_skipped) == (12, 1)

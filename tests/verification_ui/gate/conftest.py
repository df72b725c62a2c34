"""Annotators who call the gate as their browsers do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from pipeline.commands.review.session import ReviewSession, client_of
from pipeline.runs.folder import RunFolder
from tests.verification_ui.conftest import make_run
from verification_ui.page.label_config import guidelines, label_config
from verification_ui.page.tabs import hide_markup
from verification_ui.page.tasks import build_tasks


@dataclass(frozen=True)
class Annotator:
    """Somebody who has entered by a link."""

    email: str
    http: httpx.Client

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A call of the page; a GET has no body."""
        return self.http.request(method, path, json=None if method == "GET" else body if body is not None else {})


def entered(link: str) -> httpx.Client:
    """A browser in which a link was opened."""
    origin, secret = link.split("/enter#")
    given = {name: values[0] for name, values in parse_qs(secret).items()}
    http = httpx.Client(base_url=origin, trust_env=False, timeout=60, headers={"Origin": origin})
    reply = http.post("/enter", json=given)
    assert reply.status_code == 200, reply.text
    http.headers["X-Pointvos-Key"] = reply.json()["key"]
    return http


@dataclass(frozen=True)
class Asked:
    """A queue of four tasks with two people at work: bob has answered his first task and drafted his second.

    Attributes:
        project: number of the queue.
        task: what ann was asked, and nobody has answered.
        theirs: what bob has answered.
        answer: bob's answer.
        draft: bob's draft.
        other_project: another queue of the same run, in which ann was asked nothing.
    """

    ann: Annotator
    bob: Annotator
    project: int
    other_project: int
    task: int
    theirs: int
    answer: int
    draft: int

    def filled(self, text: str) -> str:
        """``text`` with the numbers in the place of their names."""
        for name in ("other_project", "project", "task", "theirs", "answer", "draft"):
            text = text.replace("{" + name + "}", str(getattr(self, name)))
        return text


def next_task(who: Annotator, project: int) -> int:
    reply = who.call("POST", f"/api/dm/actions?id=next_task&project={project}")
    assert reply.status_code == 200, reply.text
    return int(reply.json()["id"])


@pytest.fixture(scope="module")
def asked(served_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """One queue for all tests of a module: each leaves ann without an answer."""
    run = make_run(tmp_path_factory.mktemp("gate") / "run", "gate0000run1")
    session = ReviewSession(RunFolder(run.path))
    numbers = []
    with client_of(served_run.server) as client:
        for design in ("contact_sheet", "frame"):
            queue = client.create_queue(session.title(design), label_config(design), guidelines(design))
            queue.ask_people(2)
            hide_markup(queue)
            tasks = build_tasks(session.asked(design), design)
            assert list(session.maker.make(tasks)) == []
            queue.add(list(session.payloads(tasks)))
            numbers.append(queue.project_id)
    shutil.copytree(session.media, served_run.run.path / "media", dirs_exist_ok=True)  # which the gate shows
    with ExitStack() as until_the_end:
        ann, bob = (
            Annotator(name, until_the_end.enter_context(closing(entered(served_run.link(name)))))
            for name in ("gate-ann@example.org", "gate-bob@example.org")
        )
        theirs = next_task(bob, numbers[0])
        given = {"result": [], "lead_time": 3.0, "project": str(numbers[0])}
        answer = bob.call("POST", f"/api/tasks/{theirs}/annotations?project={numbers[0]}", given)
        assert answer.status_code == 201, answer.text
        second = next_task(bob, numbers[0])
        draft = bob.call("POST", f"/api/tasks/{second}/drafts?project={numbers[0]}", {"result": []})
        assert draft.status_code == 201, draft.text
        answer_id, draft_id = answer.json()["id"], draft.json()["id"]
        yield Asked(ann, bob, *numbers, next_task(ann, numbers[0]), theirs, answer_id, draft_id)

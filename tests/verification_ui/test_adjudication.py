"""Questions that are asked again, on a real server: what people differ on, what contradicts the proposal, and
what only an excluded annotator answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.commands.merge import merge
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.rejects import Reject
from verification_ui.queue.tokens import signed

pytestmark = pytest.mark.labelstudio


class Office:
    """The server's own API, as any person and program may use it."""

    def __init__(self, http: httpx.Client, run_id: str) -> None:
        self._http, self._run_id = http, run_id

    def tasks(self, design: str) -> list[Any]:
        """By id."""
        projects = self._http.get("/api/projects/", params={"page_size": 1000}).json()["results"]
        (project_id,) = [p["id"] for p in projects if p["title"] == f"pointvos {self._run_id} {design}"]
        found = self._http.get("/api/tasks/", params={"project": project_id, "fields": "all"}).json()["tasks"]
        return sorted(found, key=lambda task: task["id"])

    def person(self, name: str) -> Any:
        mail = f"{name}-{self._run_id}@pointvos.local"
        return self._http.post("/api/users/", json={"email": mail, "username": mail}).raise_for_status().json()

    def answer(self, task: Any, who: Any, control: str, *chosen: str, also: Any = None) -> None:
        mark = {"from_name": control, "to_name": "question", "type": "choices", "value": {"choices": list(chosen)}}
        marks = [*([mark] if chosen else []), *([also] if also else [])]
        body = {"result": marks, "lead_time": 6.0, "completed_by": who["id"]}
        self._http.post(f"/api/tasks/{task['id']}/annotations/", json=body).raise_for_status()


@pytest.fixture
def office(served_run: Any, own_run: Any) -> Iterator[Office]:
    server = served_run.server
    with signed(server.url, server.credentials.token, 60) as http:
        yield Office(http, own_run.run_id)


def points(run: Path) -> dict[str, tuple[str, str]]:
    merge(RunFolder(run))
    return {p.candidate_id: (p.status, p.decided_by) for p in tables.POINTS.records(tables.POINTS.read(run))}


def test_what_two_people_differ_on_is_asked_blindly_and_the_answer_wins(
    own_run: Any, review: Callable[..., str], office: Office
) -> None:
    review("push", own_run.path, "--overlap", "2")
    al, bo, cy = (office.person(name) for name in ("al", "bo", "cy"))
    sheet = office.tasks("contact_sheet")[0]
    first, second, *_ = [tile["value"] for tile in sheet["data"]["points"]]
    office.answer(sheet, al, "wrong")
    office.answer(sheet, bo, "wrong", first, second)
    review("pull", own_run.path)
    assert points(own_run.path)[first] == ("AMBIGUOUS", "annotators")

    settle = ("push", own_run.path, "--design", "adjudication")
    assert "tasks 2 points 2 new in the queue 2 already there 0" in review(*settle)
    assert "tasks 2 points 2 new in the queue 0 already there 2" in review(*settle)
    questions = office.tasks("adjudication")
    assert "pv-is" not in str(questions[0]["data"]), "no claim is shown"
    office.answer(questions[0], cy, "answer", "off_object")
    office.answer(questions[1], al, "answer", "on_object")  # she had answered: she says again what she said
    review("pull", own_run.path)
    found = points(own_run.path)
    assert sorted(found[name] for name in (first, second)) == [
        ("AMBIGUOUS", "annotators"), ("REJECTED", "adjudication"),
    ]  # fmt: skip
    assert "tasks 1 points 1 new in the queue 0 already there 1" in review(*settle, "--adjudicator", al["email"])
    assert sorted(points(own_run.path)[name] for name in (first, second)) == [
        ("ACCEPTED", "adjudication"), ("REJECTED", "annotators"),
    ], "only the named adjudicator settles: cy is one voice of three"  # fmt: skip


def test_what_only_an_excluded_annotator_answered_is_asked_again_once(
    own_run: Any, review: Callable[..., str], office: Office
) -> None:
    review("push", own_run.path)
    al, bo = (office.person(name) for name in ("al", "bo"))
    tasks = office.tasks("contact_sheet")
    office.answer(tasks[0], al, "wrong")
    office.answer(tasks[1], bo, "wrong", *[tile["value"] for tile in tasks[1]["data"]["points"]])
    review("pull", own_run.path)
    ask_again = ("push", own_run.path, "--exclude", bo["email"])
    assert "tasks 5 points 60 new in the queue 1 already there 4" in review(*ask_again)
    assert "new in the queue 0 already there 5" in review(*ask_again)
    again = office.tasks("contact_sheet")[-1]
    assert again["data"]["points"] == tasks[1]["data"]["points"]
    office.answer(again, al, "wrong")
    review("pull", own_run.path)
    merge(RunFolder(own_run.path), exclude=[bo["email"]])
    right = {c.candidate_id: "ACCEPTED" if c.is_fg_candidate else "REJECTED" for c in own_run.candidates.values()}
    found = {p.candidate_id: p.status for p in tables.POINTS.records(tables.POINTS.read(own_run.path))}
    assert len(found) == 24
    assert found == {name: right[name] for name in found}


def test_what_one_person_answers_against_the_proposal_is_asked_once_more_and_the_second_answer_counts(
    own_run: Any, review: Callable[..., str], office: Office
) -> None:
    review("push", own_run.path)
    al = office.person("al")
    sheet, other, *_ = office.tasks("contact_sheet")
    first, second, third, *_ = [tile["value"] for tile in sheet["data"]["points"]]
    office.answer(sheet, al, "wrong", first, second, third)
    flag = {"from_name": "flag", "to_name": "question", "type": "choices", "value": {"choices": ["absent"]}}
    office.answer(other, al, "wrong", *[tile["value"] for tile in other["data"]["points"]][:1], also=flag)
    not_shown = Reject("review", "k", "no_frame", "its frame is missing", "000000.jpg")
    tables.REJECTS.write(RunFolder(own_run.path).table_file(tables.REJECTS, "review"), [not_shown])
    assert "tasks 3 points 3 new in the queue 3 already there 0" in review("pull", own_run.path)
    assert tables.REJECTS.records(tables.REJECTS.read(own_run.path)) == [not_shown], "what the push wrote down stays"
    assert "new in the queue" not in review("pull", own_run.path), "they are there"
    questions = office.tasks("second_look")
    assert "pv-is" not in str(questions[0]["data"]), "neither the claim nor the first answer is shown"
    assert "Review by second_look tasks 3 answered 0 left 3" in review("status", own_run.path).replace("done, ", "")
    by_candidate = dict(zip(questions_of(own_run.path), questions, strict=True))
    office.answer(by_candidate[first], al, "answer", "on_object")
    office.answer(by_candidate[second], al, "answer", "off_object")
    office.answer(by_candidate[third], al, "answer", "unsure")
    review("pull", own_run.path)
    assert len(office.tasks("second_look")) == 3, "nothing is asked a third time"
    found = points(own_run.path)
    assert [found[name][0] for name in (first, second, third)] == ["ACCEPTED", "REJECTED", "AMBIGUOUS"]
    assert len(found) == 24, "no verdict is lost"


def test_second_looks_wait_until_they_are_wanted(own_run: Any, review: Callable[..., str], office: Office) -> None:
    review("push", own_run.path, "--one-look")
    sheet = office.tasks("contact_sheet")[0]
    wrong = [tile["value"] for tile in sheet["data"]["points"]][:2]
    office.answer(sheet, office.person("al"), "wrong", *wrong)
    assert "second_look" not in review("pull", own_run.path)
    assert "contradict" not in review("status", own_run.path)
    review("push", own_run.path, "--second-look")
    assert "2 answers against the proposal; to ask these questions once more:" in review("status", own_run.path)
    assert "tasks 2 points 2 new in the queue 2" in review("push", own_run.path, "--design", "second_look")
    review("push", own_run.path, "--overlap", "2")
    assert "contradict" not in review("status", own_run.path), "all are queued"


def questions_of(run: Path) -> list[str]:
    """The candidates of the second looks in the order of the queue."""
    tasks = tables.TASKS.records(tables.TASKS.read(run, filters=[("design", "=", "second_look")]))
    return [task.candidate_ids[0] for task in tasks]


def test_without_conflicts_there_is_nothing_to_settle(own_run: Any, review: Callable[..., str]) -> None:
    assert "Nothing to ask again: annotators agree" in review("push", own_run.path, "--design", "adjudication")
    with pytest.raises(UsageProblem, match="--adjudicator goes with --design adjudication, not with 'frame'"):
        review("push", own_run.path, "--design", "frame", "--adjudicator", "al")
    with pytest.raises(UsageProblem, match="unknown annotator 'al'; known: "):
        review("push", own_run.path, "--exclude", "al")

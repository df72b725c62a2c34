"""``pointvos review push|pull|status`` against a server named by address and key file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from label_studio_sdk import LabelStudio
from typer.testing import CliRunner

from pipeline.commands.review.app import review_app
from pipeline.terminal.console import UsageProblem, WorkProblem
from schemas import tables

pytestmark = pytest.mark.labelstudio


def test_push_pull_and_status_say_what_they_did_and_outlive_the_project(
    own_run: Any, review: Callable[..., str], served_run: Any
) -> None:
    said = review("push", own_run.path)
    assert "tasks 4 points 48 new in the queue 4 already there 0" in said
    assert "new in the queue 0 already there 4" in review("push", own_run.path)
    assert "tasks 4 done, answered 0 left 4" in review("status", own_run.path)

    with httpx.Client(timeout=60, trust_env=False) as http:
        token = served_run.server.credentials.token
        sdk = LabelStudio(base_url=served_run.server.url, api_key=token, httpx_client=http)
        (project,) = [p for p in sdk.projects.list() if own_run.run_id in str(p.title)]
        for task in list(sdk.tasks.list(project=project.id))[:2]:
            sdk.annotations.create(id=task.id, result=[], lead_time=9.0)
        assert "tasks changed 2 verdicts 24 skipped 0" in review("pull", own_run.path)
        said = review("status", own_run.path)
        assert (
            "tasks 4 done, answered 2 left 2 work left 18 s for one person time left at the current pace 18 s" in said
        )
        person = (
            f"{served_run.server.credentials.email} 2 tasks, 24 points, 9.0 s per task, 0.75 s per point, 0% unsure"
        )
        assert person in said
        sdk.projects.delete(project.id)

    assert "the verdicts pulled before are kept" in review("pull", own_run.path)
    assert "new in the queue 4" in review("push", own_run.path)
    assert "tasks changed 0 verdicts 0" in review("pull", own_run.path)
    assert tables.VERDICTS.read(own_run.path).num_rows == 24


def test_tasks_about_candidates_that_are_gone_are_taken_back_unless_they_are_answered(
    own_run: Any, review: Callable[..., str], served_run: Any
) -> None:
    review("push", own_run.path)
    with httpx.Client(timeout=60, trust_env=False) as http:
        sdk = LabelStudio(
            base_url=served_run.server.url, api_key=served_run.server.credentials.token, httpx_client=http
        )
        (project,) = [p for p in sdk.projects.list() if own_run.run_id in str(p.title)]
        first, *_ = sorted(sdk.tasks.list(project=project.id), key=lambda task: int(task.id))
        sdk.annotations.create(id=first.id, result=[], lead_time=9.0)
        assert "tasks changed 1 verdicts 12" in review("pull", own_run.path)
        (file,) = (own_run.path / "candidates").glob("*.parquet")
        moved = [
            replace(c, candidate_id=f"new-{c.candidate_id}") if c.object_id == "2" else c
            for c in own_run.candidates.values()
        ]
        tables.CANDIDATES.write(file, moved, {"pointvos.run_id": own_run.run_id, "pointvos.config_hash": "c0ffee"})
        said = review("push", own_run.path)
        assert "tasks 4 points 48 new in the queue 2 already there 2 outdated, removed 1" in said
        keys = [task.data["task_key"] for task in sdk.tasks.list(project=project.id)]
    assert len(keys) == len(set(keys)) == 5
    assert "tasks 4 done, answered 0 left 4" in review("status", own_run.path)
    assert tables.VERDICTS.read(own_run.path).num_rows == 12
    assert "outdated" not in review("push", own_run.path)


def test_tasks_are_asked_of_several_people_and_what_they_agree_on_becomes_hidden_gold(
    own_run: Any, review: Callable[..., str], served_run: Any
) -> None:
    review("push", own_run.path, "--overlap", "2")
    with httpx.Client(timeout=60, trust_env=False) as http:
        token = served_run.server.credentials.token
        sdk = LabelStudio(base_url=served_run.server.url, api_key=token, httpx_client=http)
        (project,) = [p for p in sdk.projects.list() if own_run.run_id in str(p.title)]
        assert project.maximum_annotations == 2
        second = sdk.users.create(email=f"{own_run.run_id}@pointvos.local", username=own_run.run_id)
        first_task = next(iter(sdk.tasks.list(project=project.id)))
        for person in (sdk.users.whoami().id, second.id):
            sdk.annotations.create(id=first_task.id, result=[], lead_time=9.0, completed_by=person)
        assert "tasks changed 1 verdicts 24" in review("pull", own_run.path)
        next_task = next(task for task in sdk.tasks.list(project=project.id) if task.id != first_task.id)
        sdk.annotations.create(id=next_task.id, result=[], lead_time=9.0)
        said = review("status", own_run.path)
        assert "tasks 4 done, answered by 2 people each 1 left 3 left, started 1 work left 45 s for one person" in said
        assert "two people agree 1.000" in said
        sdk.annotations.delete(id=next(iter(sdk.annotations.list(id=next_task.id))).id)
        sdk.projects.update(project.id, maximum_annotations=1)
        assert "done, answered 1 left 3" in review("status", own_run.path)
        sdk.projects.update(project.id, maximum_annotations=2)
        review("pull", own_run.path)
        offline = CliRunner().invoke(review_app, ["status", "--run", str(own_run.path)], catch_exceptions=False).output
        assert "No server is running; the figures are those of the latest pull." in offline
        assert "answered by 2 people each" in offline
        said = review("push", own_run.path, "--gold-share", "1.0")
        assert "12 gold questions added." in said
        assert "tasks 4 points 48 new in the queue 1 already there 3" in said
        assert sdk.projects.get(project.id).maximum_annotations == 2
        (gold_task,) = [t for t in sdk.tasks.list(project=project.id) if t.id > first_task.id + 3]
        sdk.annotations.create(id=gold_task.id, result=[], lead_time=9.0)
    review("pull", own_run.path)
    result = CliRunner().invoke(review_app, ["audit", "--run", str(own_run.path)], catch_exceptions=False)
    found = json.loads((own_run.path / "review" / "audit.json").read_text())
    assert result.exit_code == 0
    assert (found["candidates"], found["answered_by_several"], found["agreement"]["value"]) == (12, 12, 1.0)
    gold = {a["annotator"]: (a["gold_untouched"]["rate"], a["gold_untouched"]["n"]) for a in found["annotators"]}
    assert gold == {served_run.server.credentials.email: (1.0, 12), str(second.email): (None, 0)}


def test_tasks_whose_frames_are_missing_are_rejected_and_the_rest_is_queued(
    own_run: Any, review: Callable[..., str]
) -> None:
    shutil.rmtree(own_run.path / "frames")
    said = review("push", own_run.path, "--design", "frame", code=3)
    assert "tasks 0" in said
    rejects = tables.REJECTS.records(tables.REJECTS.read(own_run.path))
    assert [r.error for r in rejects] == ["no_frame"] * 4


def test_a_server_that_cannot_see_the_pictures_says_so(tiny_run: Any, review: Callable[..., str]) -> None:
    with pytest.raises(WorkProblem, match=r"cannot let the server show .*/media/queue: HTTP 400"):
        review("push", tiny_run.path)


def test_an_address_where_nothing_answers_is_named(tiny_run: Any, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k")
    where = ["--url", "http://127.0.0.1:9", "--api-key-file", str(tmp_path / "key")]
    with pytest.raises(UsageProblem, match=r"no Label Studio answers at http://127\.0\.0\.1:9"):
        CliRunner().invoke(review_app, ["pull", "--run", str(tiny_run.path), *where], catch_exceptions=False)


def test_an_address_without_a_key_is_refused(tiny_run: Any) -> None:
    with pytest.raises(UsageProblem, match="--url and --api-key-file go together"):
        CliRunner().invoke(
            review_app, ["pull", "--run", str(tiny_run.path), "--url", "http://127.0.0.1:9"], catch_exceptions=False
        )


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="is not a run folder"):
        CliRunner().invoke(review_app, ["status", "--run", str(tmp_path)], catch_exceptions=False)


def test_an_unknown_design_is_refused_with_the_known_ones(own_run: Any, review: Callable[..., str]) -> None:
    with pytest.raises(UsageProblem, match="unknown review design 'cards'; known: contact_sheet, frame"):
        review("push", own_run.path, "--design", "cards")


def test_the_status_of_a_run_without_a_queue_says_how_to_make_one(tiny_run):
    result = CliRunner().invoke(review_app, ["status", "--run", str(tiny_run.path)], catch_exceptions=False)
    assert f"Nothing was queued yet; queue it with: pointvos review up --run {tiny_run.path}" in result.output

"""A person at the contact sheet, in a real browser on a real server."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.review import review_app
from pipeline.review_session import ReviewSession, client_of
from pipeline.run_folder import RunFolder
from schemas import tables

pytestmark = [pytest.mark.labelstudio, pytest.mark.browser]


def pointvos_review(*arguments: str) -> str:
    result = CliRunner().invoke(review_app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def open_queue(page: Any, url: str, project_id: int) -> None:
    page.goto(f"{url}/projects/{project_id}/data?labeling=1")
    page.wait_for_function("() => window.Htx && window.Htx.task && window.Htx.task.id && !window.Htx.isLoading")
    page.wait_for_selector(".pv-tile")


def submit(page: Any) -> None:
    with page.expect_response(lambda r: r.url.endswith("/annotations") or "/annotations?" in r.url) as reply:
        page.keyboard.press("Enter")
    assert reply.value.status == 201


def test_two_keys_and_enter_flip_exactly_these_two_verdicts(page: Any, served_run: Any) -> None:
    run = str(served_run.run.path)
    pointvos_review("push", "--run", run)
    session = ReviewSession(RunFolder(served_run.run.path))
    first = session.tasks("contact_sheet")[0]
    with client_of(served_run.server) as client:
        queue = client.find_queue(session.title("contact_sheet"))
    assert queue is not None
    open_queue(page, served_run.server.url, queue.project_id)
    assert page.locator(".pv-tile").count() == 12
    assert page.locator(".pv-object").inner_text() == "cat"  # the most doubtful object is asked first
    for key in ("2", "w"):
        page.keyboard.press(key)
        page.wait_for_timeout(80)
    submit(page)

    pointvos_review("pull", "--run", run)
    verdicts = tables.VERDICTS.records(tables.VERDICTS.read(served_run.run.path))
    flipped = {first.candidate_ids[1], first.candidate_ids[11]}
    expected = {}
    for candidate_id in first.candidate_ids:
        is_on = served_run.run.candidates[candidate_id].is_fg_candidate != (candidate_id in flipped)
        expected[candidate_id] = "ACCEPTED" if is_on else "REJECTED"
    assert {v.candidate_id: v.status for v in verdicts} == expected

"""A real server whose clock ran ahead and was set right: no answer is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest
from label_studio_sdk import LabelStudio

from schemas import tables

pytestmark = pytest.mark.labelstudio


def let_time_stand_ahead(served_run: Any, project_id: int) -> None:
    """What a clock that runs a day ahead would have written by now."""
    database = served_run.run.path / "review" / "data" / "label_studio.sqlite3"
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        changed = connection.execute(
            "UPDATE task SET updated_at = datetime(updated_at, '+1 day') || '.000001' WHERE project_id = ?",
            [project_id],
        )
        assert changed.rowcount == 4


def test_answers_given_after_the_clock_was_set_right_are_pulled(
    own_run: Any, review: Callable[..., str], served_run: Any
) -> None:
    review("push", own_run.path)
    with httpx.Client(timeout=60, trust_env=False) as http:
        sdk = LabelStudio(
            base_url=served_run.server.url, api_key=served_run.server.credentials.token, httpx_client=http
        )
        (project,) = [p for p in sdk.projects.list() if own_run.run_id in str(p.title)]
        first, second, *_ = [task.id for task in sdk.tasks.list(project=project.id)]
        given = sdk.annotations.create(id=first, result=[], lead_time=9.0)
        let_time_stand_ahead(served_run, project.id)
        assert "tasks changed 1 verdicts 12" in review("pull", own_run.path)
        sdk.annotations.create(id=second, result=[], lead_time=9.0)
        assert "tasks changed 1 verdicts 24" in review("pull", own_run.path)
        sdk.annotations.delete(id=given.id)
        assert "tasks changed 1 verdicts 12" in review("pull", own_run.path)
        assert "tasks changed 0 verdicts 12" in review("pull", own_run.path)
    assert tables.VERDICTS.read(own_run.path).num_rows == 12

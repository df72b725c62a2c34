"""Several pulls at the same moment, each a command of its own, as ``status --every`` beside ``pull``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from label_studio_sdk import LabelStudio

from schemas import tables

pytestmark = pytest.mark.labelstudio

REPOSITORY = Path(__file__).resolve().parents[2]


def test_no_pull_fails_and_no_answer_is_lost(
    own_run: Any, review: Callable[..., str], served_run: Any, tmp_path: Path
) -> None:
    review("push", own_run.path)
    server = served_run.server
    with httpx.Client(timeout=60, trust_env=False) as http:
        sdk = LabelStudio(base_url=server.url, api_key=server.credentials.token, httpx_client=http)
        (project,) = [p for p in sdk.projects.list() if own_run.run_id in str(p.title)]
        for task in sdk.tasks.list(project=project.id):
            sdk.annotations.create(id=task.id, result=[], lead_time=9.0)
    where = ["--run", str(own_run.path), "--url", server.url, "--api-key-file", str(tmp_path / "key")]
    commands = [("pull",), ("status",), ("pull",)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "pipeline", "review", *command, *where],
            cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for command in commands
    ]  # fmt: skip
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert tables.VERDICTS.read(own_run.path).num_rows == 48
    assert len(list((own_run.path / "verdicts").iterdir())) == 1, "no temporary file is left"

"""``annotate`` with a review server: questions of a video are in the queue as soon as it is committed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from pipeline.runs.ranges import video_keys
from pipeline.runs.review_queue import DESIGN, project_title, queue_video
from pipeline.runs.review_server import ReviewServer
from schemas import tables
from tests.pipeline.conftest import clicks_for, write_video
from verification_ui.queue.client import LabelStudioClient

REPOSITORY = Path(__file__).resolve().parents[2]


def test_address_and_key_go_together() -> None:
    with pytest.raises(ValueError, match="go together"):
        ReviewServer("http://127.0.0.1:1")


@pytest.mark.labelstudio
def test_questions_are_queued_video_by_video_none_twice_and_the_ledger_has_them_all(
    served_run: Any, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        write_video(tmp_path / "corpus" / f"{name}.mp4", n_frames=6)
    (tmp_path / "clicks.json").write_text(clicks_for("a", "b"))
    (tmp_path / "key").write_text(served_run.server.credentials.token)
    run = RunFolder(served_run.run.path / "media" / "annotated")
    server = ReviewServer(served_run.server.url, str(tmp_path / "key"))
    command = [
        sys.executable, "-m", "pipeline", "annotate", str(tmp_path / "corpus"), "--run", str(run.path),
        "--localizations", str(tmp_path / "clicks.json"), "--segmenter", "grabcut", "--propagator", "flow",
        "--no-repair", "--frames", "2", "--points", "4", "--workers", "1",
        "--review-url", server.url, "--review-key-file", server.api_key_file,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False, timeout=300)
    assert done.returncode == 0, done.stderr + (run.path / "logs" / "workers.log").read_text()
    keys = tables.TASKS.read(run.path)["task_key"].to_pylist()
    assert len(keys) == len(set(keys)) == 4
    with LabelStudioClient(server.url, served_run.server.credentials.token) as client:
        queue = client.find_queue(project_title(run, DESIGN))
        assert queue is not None
        assert sorted(task.task_key for task in queue.present(keys)) == sorted(keys)
    words = " ".join(done.stdout.split())
    assert "tasks 4" in words
    assert "already there 4" in words  # which the workers queued, each video when it was done
    assert not tables.TASKS.files(run.path, f"{DESIGN}.*.parquet")
    first = video_keys(run)[0]
    assert queue_video(run, server, first) == 0
    own = run.table_file(tables.TASKS, f"{DESIGN}.{unit_name(first.video_id, first.unit)}")
    assert tables.TASKS.read_files([own]).num_rows == 2
    assert "review_server" not in run.config_file.read_text()

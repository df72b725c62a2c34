"""Tasks that export writes, imported into a real Label Studio, accepted there, exported again and read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.commands.export import ExportFormat, export
from pipeline.commands.review.session import client_of
from pipeline.runs.folder import RunFolder
from schemas import tables
from schemas.localizations import Box, Localization
from stages.ingest.placing import FrameFacts, place
from stages.ingest.registry import read_localizations

pytestmark = pytest.mark.labelstudio


@pytest.fixture
def exported(tiny_run: Any, tmp_path: Path) -> Path:
    """The tasks of a run of one video."""
    file = next((tiny_run.path / "videos").glob("*.parquet"))
    (video,) = tables.VIDEOS.records(tables.VIDEOS.read_files([file]))
    tables.VIDEOS.write(file, [replace(video, uri="/data/clips/Träume & <dogs>.mp4")])
    export(RunFolder(tiny_run.path), ExportFormat.LABEL_STUDIO, tmp_path / "out")
    return tmp_path / "out"


def boxes(path: Path) -> dict[tuple[str, str, int], tuple[float, ...]]:
    """(video, name, frame) → box in pixels, of the hints in a file."""
    found, rejects = read_localizations(path)
    assert rejects == []
    by_video: dict[str, list[Localization]] = {}
    for one in found:
        by_video.setdefault(one.video_id, []).append(one)
    placed, rejects = place(by_video, dict.fromkeys(by_video, FrameFacts(200, 120, 9)))
    assert rejects == []
    hints = {(one.video_id, one.object_name, one.frame_idx): one.hint for own in placed.values() for one in own}
    return {key: tuple(np.round(hint.xyxy_px, 4)) for key, hint in hints.items() if isinstance(hint, Box)}


def test_an_export_goes_through_a_real_server_and_comes_back_equal(
    served_run: Any, tiny_run: Any, exported: Path, tmp_path: Path
) -> None:
    tasks = json.loads((exported / "tasks.json").read_text(encoding="ascii"))
    interface = (exported / "labeling_interface.xml").read_text(encoding="utf-8")
    with client_of(served_run.server) as client:
        project = client.sdk.projects.create(title=f"import of {tmp_path.name}", label_config=interface)
        answer = client.sdk.projects.import_tasks(project.id, request=tasks)
        assert (answer.task_count, answer.prediction_count) == (len(tasks), len(tasks))
        for task in client.sdk.tasks.list(project=project.id, fields="all"):
            (prediction,) = client.sdk.predictions.list(task=task.id)
            client.sdk.annotations.create(task.id, result=prediction.result, parent_prediction=prediction.id)
        url = f"{client.url}/api/projects/{project.id}/export?exportType=JSON"
        (tmp_path / "back.json").write_bytes(client.http.get(url).raise_for_status().content)
        client.sdk.projects.delete(project.id)
    back = boxes(tmp_path / "back.json")
    assert back == boxes(exported / "tasks.json")
    wanted = {}
    for (object_id, idx), mask in tiny_run.masks.items():
        y, x = np.nonzero(mask.decode())
        name = {"1": "dog", "2": "cat"}[object_id]
        wanted["clips/Träume & <dogs>.mp4", name, idx] = (x.min(), y.min(), x.max() + 1, y.max() + 1)
    assert {(Path(video).name, *rest): box for (video, *rest), box in back.items()} == {
        (Path(video).name, *rest): box for (video, *rest), box in wanted.items()
    }

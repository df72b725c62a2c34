"""annotate → push → a person answers in a browser → pull → merge → export, with the real commands and server.

All in a user's own folder, with relative paths, as people type them; and all on S3: inputs, run and pictures.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.commands.options import anywhere
from pipeline.commands.review.links import ANNOTATOR
from pipeline.runs.folder import RunFolder
from schemas import tables
from tests.object_stores import BUCKET, SECRET
from tests.verification_ui.person import Person
from verification_ui.server.server import ServerProblem, find_executable, template_file

POINTVOS = Path(sys.executable).with_name("pointvos")
SEEN = "(shown => shown.length && shown.every(i => i.naturalWidth > 0))([...document.images].filter(i => i.src))"
FAST = "--segmenter grabcut --propagator flow --frames 2 --points 8"

pytestmark = [pytest.mark.labelstudio, pytest.mark.browser]


def pointvos(folder: Path, command_line: str) -> str:
    command = [POINTVOS, *command_line.split()]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300, check=False)
    assert answer.returncode == 0, answer.stderr + answer.stdout
    return answer.stdout


def make_frames(folder: Path, n_frames: int = 6) -> None:
    """A bright textured square that moves over a dark ground."""
    random = np.random.default_rng(0)
    ground = random.integers(0, 60, (96, 128, 3), dtype=np.uint8)
    square = random.integers(170, 255, (32, 32, 3), dtype=np.uint8)
    folder.mkdir(parents=True)
    for i in range(n_frames):
        image = ground.copy()
        image[30:62, 20 + 3 * i : 52 + 3 * i] = square
        cv2.imwrite(str(folder / f"{i:05d}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 95])


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything lies.

    Attributes:
        inputs: what comes before the names of videos and clicks.
        run: as it is typed.
        options: of annotate.
    """

    inputs: str
    run: str
    options: str = ""

    def run_folder(self, folder: Path) -> RunFolder:
        run = RunFolder.parse(self.run)
        return RunFolder(folder / run.path) if isinstance(run.path, Path) else run


def trusting_server(folder: Path) -> Path:
    """Label Studio that may speak to buckets on this machine, which it refuses by default."""
    folder.mkdir()
    real, command = find_executable(), folder / "label-studio"
    command.write_text(f'#!/bin/sh\nSSRF_PROTECTION_ENABLED=false exec {real} "$@"\n')
    command.chmod(0o755)
    template_file(command).symlink_to(template_file(real))
    return command


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.slow)])
def place(request, tmp_path, monkeypatch) -> Place:
    try:
        find_executable()
    except ServerProblem as problem:
        pytest.skip(str(problem))
    if request.param == "local":
        return Place("", "run")
    request.getfixturevalue("s3")
    monkeypatch.setenv("POINTVOS_LABEL_STUDIO", str(trusting_server(tmp_path / "bin")))
    monkeypatch.setenv("POINTVOS_STATE", str(tmp_path / "state"))
    keys = tmp_path / "aws-credentials"
    keys.write_text(f"[default]\naws_access_key_id = key\naws_secret_access_key = {SECRET}\n")
    keys.chmod(0o600)
    media = {
        "place": f"s3://{BUCKET}/loop/media", "region": "us-east-1", "endpoint": os.environ["AWS_ENDPOINT_URL"],
        "credentials_file": str(keys),
    }  # fmt: skip
    (tmp_path / "settings.yaml").write_text(json.dumps({"review_media": media}))
    return Place(f"s3://{BUCKET}/loop/", f"s3://{BUCKET}/loop/run", "--config settings.yaml")


def upload(s3, folder: Path) -> None:
    for file in (*folder.glob("videos/*/*"), folder / "clicks.json"):
        s3.upload_file(str(file), BUCKET, f"loop/{file.relative_to(folder).as_posix()}")


@contextmanager
def review_up(folder: Path, place: Place) -> Iterator[str]:
    """``pointvos review up`` until Ctrl-C; gives the annotator's log-in link, which a log must not hold."""
    with subprocess.Popen(
        [POINTVOS, "review", "up", "--run", place.run, "--port", "8290"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
    ) as process:  # fmt: skip
        seen = ""
        try:
            for line in process.stdout or ():
                seen += line
                if "Ctrl-C" in line:
                    break
            link = place.run_folder(folder).local / "review" / f"link-{ANNOTATOR}.txt"
            assert link.is_file(), seen
            assert link.read_text().strip() not in seen
            yield link.read_text().strip()
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=120)[0]
        assert process.returncode == 0, seen + rest


def answer_everything(person: Person, n_tasks: int, wrong_on_first: tuple[str, ...]) -> list[str]:
    """Mark some points wrong on the first sheet, submit all; the task keys in the order in which they were shown."""
    keys = []
    for turn in range(n_tasks):
        task_id, key = person.asked()
        keys.append(key)
        person.press(*wrong_on_first if turn == 0 else ())
        person.submit()
        if turn + 1 < n_tasks:
            person.next("contact_sheet", task_id)
    return keys


def test_from_a_video_and_a_click_to_a_verified_dataset(tmp_path, browser, place, request):
    folder = place.run_folder(tmp_path)
    run = folder.path
    make_frames(tmp_path / "videos" / "square")
    point = {"object_id": "1", "x": 36, "y": 46, "label": 1, "name": "square"}
    (tmp_path / "clicks.json").write_text(json.dumps({"square": {"frame": 0, "points": [point]}}))

    (tmp_path / "stages.py").write_text("raise ImportError('this is not ours')")

    if place.inputs:
        upload(request.getfixturevalue("s3"), tmp_path)
    inputs = f"{place.inputs}videos --localizations {place.inputs}clicks.json"
    pointvos(tmp_path, f"annotate {inputs} --run {place.run} {FAST} {place.options}")
    with review_up(tmp_path, place) as link:
        person = Person(browser, link, ANNOTATOR)
        tasks = {t.task_key: t for t in tables.TASKS.records(tables.TASKS.read(run))}
        person.choose_queue("contact_sheet", "contact_sheet")
        person.page.wait_for_function(SEEN, timeout=20_000)
        shown = answer_everything(person, len(tasks), wrong_on_first=("1", "2"))
    assert list(folder.local.rglob("label_studio.sqlite3")) == [folder.local / "review/data/label_studio.sqlite3"]
    pointvos(tmp_path, f"merge --run {place.run}")

    candidates = {c.candidate_id: c for c in tables.CANDIDATES.records(tables.CANDIDATES.read(run))}
    flipped = set(tasks[shown[0]].candidate_ids[:2])
    points = tables.POINTS.records(tables.POINTS.read(run))
    assert {p.candidate_id for p in points} == set(candidates)
    assert all(
        (p.label == 1) == (candidates[p.candidate_id].is_fg_candidate != (p.candidate_id in flipped)) for p in points
    )

    pointvos(tmp_path, f"export --run {place.run} --format pointvos --out {place.inputs}out")
    out = anywhere(f"{place.inputs}out") if place.inputs else tmp_path / "out"
    exported = [json.loads(f.read_text()) for f in out.rglob("*.json") if f.stem in ("train", "val")]
    annotated = [p for objects in exported for entry in objects.values() for p in entry["annotated_points"]]
    assert sorted((p["x"], p["y"], p["status"]) for p in annotated) == sorted((p.x, p.y, p.status) for p in points)

"""Inputs and a run on S3: the commands of a local run give the same bytes, whatever interrupts them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.runs.folder import RunFolder
from schemas import tables
from tests.object_stores import BUCKET, SECRET

REPOSITORY = Path(__file__).resolve().parents[2]
INPUTS, RUN = f"s3://{BUCKET}/in", f"s3://{BUCKET}/runs/first"
SUFFIXES = (".parquet", ".jpg", ".json", ".png", ".html")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """Where this machine keeps what no store can hold."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POINTVOS_STATE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def uploaded(s3, corpus) -> str:
    """The corpus with its clicks, in the bucket."""
    for file in (*corpus.rglob("*.mp4"), corpus.parent / "clicks.json"):
        s3.upload_file(str(file), BUCKET, f"in/{file.relative_to(corpus.parent).as_posix()}")
    return INPUTS


@pytest.fixture(scope="module")
def command(uploaded, fast) -> list[object]:
    """Annotating it into a run of the same bucket."""
    return ["annotate", f"{uploaded}/corpus", "--localizations", f"{uploaded}/clicks.json", "--run", RUN, *fast]


@pytest.fixture(scope="module")
def truth(tmp_path_factory) -> Path:
    """The square of every video on every frame."""
    folder = tmp_path_factory.mktemp("truth")
    for video_id, n_frames in (("a", 12), ("b", 11), ("sub/c", 10)):
        (folder / video_id).mkdir(parents=True)
        for idx in range(n_frames):
            labels = np.zeros((96, 128), dtype=np.uint8)
            labels[30:62, 20 + 2 * idx : 52 + 2 * idx] = 1
            image = Image.fromarray(labels)
            image.putpalette(bytes(range(256)) * 3)
            image.save(folder / video_id / f"{idx:05d}.png")
    return folder


@pytest.fixture(scope="module")
def killed(s3, state, command) -> str:
    """What the command says that is killed behind its first video and given again."""
    first = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *map(str, command), "--workers", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=REPOSITORY, start_new_session=True,
    )  # fmt: skip
    with first:
        while not names(s3, "runs/first/videos/") and first.poll() is None:
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=60)
    assert len(names(s3, "runs/first/videos/")) < 3
    again = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, command)],
        capture_output=True, text=True, cwd=REPOSITORY, timeout=300, check=False,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    return again.stdout + again.stderr


def names(s3, prefix: str) -> list[str]:
    return [one["Key"].removeprefix(prefix) for one in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())]


def remote(s3, prefix: str) -> dict[str, bytes]:
    return {
        name: s3.get_object(Bucket=BUCKET, Key=prefix + name)["Body"].read()
        for name in names(s3, prefix)
        if name.endswith(SUFFIXES)
    }


def local(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.suffix in SUFFIXES)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def rows(content: bytes) -> list[dict[str, object]]:
    """A table without the addresses of the inputs."""
    return pq.read_table(io.BytesIO(content)).drop_columns(
        [name for name in ("uri", "input_uri") if name in pq.read_schema(io.BytesIO(content)).names]
    ).to_pylist()  # fmt: skip


def require_same(there: dict[str, bytes], here: dict[str, bytes]) -> None:
    assert there.keys() == here.keys()
    for name in there:
        if name.endswith(".parquet"):
            assert rows(there[name]) == rows(here[name]), name
        else:
            assert there[name] == here[name], name


def test_a_run_on_s3_that_was_killed_and_continued_is_that_of_a_local_folder(s3, killed, annotated, state):
    assert "of 3 videos: already done" in killed
    require_same(remote(s3, "runs/first/"), local(annotated))
    assert not [name for name in names(s3, "runs/first/") if name.startswith((".locks", ".writable"))]
    said = killed + "".join(file.read_text() for file in state.rglob("*.log"))
    assert SECRET not in said


def test_what_follows_is_the_same_too(s3, killed, annotated, truth, pointvos, tmp_path):
    here = tmp_path / "run"
    subprocess.run(["cp", "-r", annotated, here], check=True)
    for run, out in ((RUN, "there"), (here, "here")):
        for arguments in (
            ("simulate", "--ground-truth", truth),
            ("merge", "--val-share", "0"),
            ("export", "--format", "pointvos", "--out", tmp_path / out),
            ("evaluate", "--ground-truth", truth, "--json", tmp_path / f"{out}.json"),
            ("report",),
            ("doctor",),
        ):
            answer = pointvos(*arguments, "--run", run)
            assert answer.returncode == 0, (arguments, answer.stderr, answer.stdout)
    require_same(local(tmp_path / "there"), local(tmp_path / "here"))
    assert json.loads((tmp_path / "there.json").read_text()) == json.loads((tmp_path / "here.json").read_text())
    there = {name: content for name, content in remote(s3, "runs/first/").items() if not name.endswith(".html")}
    mine = {name: content for name, content in local(here).items() if not name.endswith(".html")}
    assert {name.split("/")[0] for name in there} >= {"verdicts", "points", "frames", "masks"}
    require_same(there, mine)
    assert "report/index.html" in names(s3, "runs/first/")


def test_a_run_in_use_is_refused_here_and_on_another_machine(killed, command, pointvos, state, tmp_path, monkeypatch):
    with RunFolder.parse(RUN).lock():
        here = pointvos(*command)
        monkeypatch.setenv("POINTVOS_STATE", str(tmp_path))
        elsewhere = pointvos("merge", "--run", RUN)
    for answer in (here, elsewhere):
        assert answer.returncode == 2
        assert f"run folder {RUN} is in use by another pointvos command" in answer.stderr
    assert f"process {os.getpid()} on " in elsewhere.stderr


def test_a_reject_and_a_changed_hint_are_those_of_a_local_folder(s3, command, killed, pointvos, state, fast):
    s3.put_object(Bucket=BUCKET, Key="bad/corpus/empty.mp4", Body=b"no video")
    s3.put_object(Bucket=BUCKET, Key="bad/clicks.json", Body=json.dumps({"empty": CLICK, "gone": CLICK}).encode())
    run = f"s3://{BUCKET}/runs/bad"
    inputs = (f"s3://{BUCKET}/bad/corpus", "--localizations", f"s3://{BUCKET}/bad/clicks.json")
    answer = pointvos("annotate", *inputs, "--run", run, *fast)
    assert answer.returncode == 3
    found = tables.REJECTS.records(tables.REJECTS.read(RunFolder.parse(run).path))
    assert {(one.key, one.stage) for one in found} == {("empty", "decode"), ("gone", "match")}


CLICK = {"frame": 0, "points": [{"object_id": "1", "x": 36, "y": 46, "label": 1}]}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("merge", "--run", f"s3://{BUCKET}/nothing/here"), "is not a run folder; make one with: pointvos annotate"),
        (("merge", "--run", "s3://no-such-bucket/run"), "is not a run folder"),
        (("plan", f"s3://{BUCKET}/empty", "--localizations", f"{INPUTS}/clicks.json"), "no videos at"),
        (("plan", f"{INPUTS}/corpus", "--localizations", f"{INPUTS}/none.json"), "there is no localization file"),
    ],
)
def test_what_is_not_there_is_named(uploaded, state, pointvos, arguments, why):
    answer = pointvos(*arguments)
    assert answer.returncode == 2
    assert why in answer.stderr


def test_a_bucket_that_is_not_there_is_refused_before_anything_starts(uploaded, state, pointvos, command, fast):
    answer = pointvos(*command[:4], "--run", "s3://no-such-bucket/run", *fast)
    assert answer.returncode == 2
    assert "run folder s3://no-such-bucket/run cannot be written" in answer.stderr
    assert "choose another --run" in answer.stderr

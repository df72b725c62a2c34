"""Inputs and a run on S3: the commands of a local run give the same bytes, whatever interrupts them."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.commands.compact import compact
from pipeline.commands.doctor import doctor
from pipeline.commands.evaluate import evaluate
from pipeline.commands.export import ExportFormat, export
from pipeline.commands.merge import merge
from pipeline.commands.options import anywhere, on_this_machine
from pipeline.commands.render import render
from pipeline.commands.report import report
from pipeline.commands.simulate import simulate
from pipeline.runs import spool
from pipeline.runs.commit import write_unit
from pipeline.runs.filesystems import find_videos
from pipeline.runs.folder import UNIT_TABLES, RunFolder
from pipeline.runs.hints import read_hints
from pipeline.runs.names import unit_name
from pipeline.runs.spool import VideoOpener
from pipeline.runs.stores import use_options
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.remote_paths import RemotePath
from schemas.videos import Video
from schemas.whole_files import write_whole
from tests.object_stores import BUCKET, SECRET, MemoryStore

REPOSITORY = Path(__file__).resolve().parents[2]
INPUTS, RUN, SETS = f"s3://{BUCKET}/in", f"s3://{BUCKET}/runs/first", f"s3://{BUCKET}/sets"
SUFFIXES = (".parquet", ".jpg", ".json", ".png", ".html", ".mp4")


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
    return [
        one["Key"].removeprefix(prefix) for one in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())
    ]


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
    for name, content in there.items():
        is_table = name.endswith(".parquet")
        assert (rows(content) == rows(here[name])) if is_table else (content == here[name]), name


def test_a_run_on_s3_that_was_killed_and_continued_is_that_of_a_local_folder(s3, killed, annotated, state):
    assert "of 3 videos: already done" in killed
    require_same(remote(s3, "runs/first/"), local(annotated))
    assert not [name for name in names(s3, "runs/first/") if name.startswith((".locks", ".writable"))]
    said = killed + "".join(file.read_text() for file in state.rglob("*.log"))
    assert SECRET not in said


def test_what_follows_is_the_same_too(s3, killed, annotated, truth_of_corpus, tmp_path):
    here = tmp_path / "run"
    shutil.copytree(annotated, here)
    for file in truth_of_corpus.rglob("*.png"):
        s3.upload_file(str(file), BUCKET, f"truth/{file.relative_to(truth_of_corpus).as_posix()}")
    away = RunFolder.parse(RUN), anywhere(SETS), anywhere(f"s3://{BUCKET}/truth")
    for run, out, masks in (away, (RunFolder(here), tmp_path / "sets", truth_of_corpus)):
        simulate(run, masks, 0.0, 0)
        merge(run, 0.0)
        export(run, ExportFormat.COCO, out / "pointvos")
        for form in (ExportFormat.POINTVOS, ExportFormat.PARQUET_OBJECTS, ExportFormat.YOUTUBE_VOS):
            export(run, form, out / form)
        evaluate(run, masks, out / "scores.json")
        report(run)
        render(run)
        compact(run)
        doctor(run, repair=False)
    exported = remote(s3, "sets/")
    assert {name.split("/")[0] for name in exported} == {"pointvos", "parquet_objects", "youtube_vos", "scores.json"}
    assert not [name for name in names(s3, "sets/") if "coco" in name or ".parts" in name]
    require_same(exported, local(tmp_path / "sets"))
    there, mine = remote(s3, "runs/first/"), local(here)
    assert {name.split("/")[0] for name in there} >= {"verdicts", "points", "frames", "masks", "report"}
    assert {name for name in there if name.startswith("report/videos/")} == {
        f"report/videos/{name}.mp4" for name in ("a", "b", "sub/c")
    }
    assert len(there.pop("report/index.html")) > 1000
    del mine["report/index.html"]
    require_same(there, mine)


def test_a_run_in_use_is_refused_here_and_on_another_machine(killed, state, tmp_path, monkeypatch):
    with RunFolder.parse(RUN).lock():
        for folder in (state, tmp_path):
            monkeypatch.setenv("POINTVOS_STATE", str(folder))
            with pytest.raises(UsageProblem, match=rf"run folder {RUN} is in use by .*process {os.getpid()}"):
                merge(RunFolder.parse(RUN))


def test_what_is_not_there_is_named(uploaded, state):
    for address in (f"s3://{BUCKET}/nothing/here", "s3://no-such-bucket/run"):
        with pytest.raises(UsageProblem, match=f"{address} is not a run folder; make one with: pointvos annotate"):
            merge(RunFolder.parse(address))
    with pytest.raises(UsageProblem, match=r"run folder s3://no-such-bucket/run cannot be written \(.*choose another"):
        RunFolder.parse("s3://no-such-bucket/run").create()
    with pytest.raises(UsageProblem, match="no videos at 's3://bucket/empty'"):
        find_videos(f"s3://{BUCKET}/empty")
    with pytest.raises(UsageProblem, match=r"there is no localization file or folder 's3://bucket/in/none\.json'"):
        read_hints(f"{uploaded}/none.json", "auto")


def test_an_export_replaces_nothing_of_others(s3, killed, state):
    s3.put_object(Bucket=BUCKET, Key="theirs/thesis.tex", Body=b"")
    for address in ("theirs", "theirs/thesis.tex", "runs/first"):
        with pytest.raises(UsageProblem, match=f"{address} is not empty and was not made by an export"):
            export(RunFolder.parse(RUN), ExportFormat.COCO, anywhere(f"s3://{BUCKET}/{address}"))
    assert names(s3, "theirs/") == ["thesis.tex"]


def test_results_and_secrets_have_no_place_in_addresses_and_options(tmp_path):
    for name in ("secret_access_key", "access_key_id", "session_token"):
        with pytest.raises(UsageProblem, match=f"^--s3_{name} on the command line can be read") as refused:
            use_options(["--runner=FnApiRunner", f"--s3_{name}={SECRET}"])
        assert SECRET not in str(refused.value)
    with pytest.raises(UsageProblem, match="s3://bucket/out is in an object store; give a local path"):
        on_this_machine(Path("s3://bucket/out"))
    assert on_this_machine(tmp_path / "s3:") == tmp_path / "s3:"


def test_hints_are_known_by_the_addresses_that_they_were_read_from(s3, state):
    click = {"frame": 0, "points": [{"object_id": "1", "x": 36, "y": 46, "label": 1}]}
    for name, content in (("one", {"a": click}), ("two", {"b": {"frame": "x"}})):
        s3.put_object(Bucket=BUCKET, Key=f"hints/{name}.json", Body=json.dumps(content).encode())
    (found,), (reject,) = read_hints(f"s3://{BUCKET}/hints", "clicks")
    assert (found.video_id, found.input_uri) == ("a", f"s3://{BUCKET}/hints/one.json")
    assert reject.input_uri == f"s3://{BUCKET}/hints/two.json"
    assert "/tmp" not in reject.detail


def test_a_process_keeps_two_copies_of_videos_and_whoever_reads_one_keeps_it(s3, tmp_path):
    for name in "xyz":
        s3.put_object(Bucket=BUCKET, Key=f"copies/{name}.mp4", Body=name.encode() * 300_000)
    opener = VideoOpener(tmp_path)
    first, again = (opener(f"s3://{BUCKET}/copies/x.mp4") for _ in range(2))
    assert first.read(2) + again.read(2) == b"xxxx"
    for name in "yz":
        with opener(f"s3://{BUCKET}/copies/{name}.mp4") as file:
            assert file.seek(-1, os.SEEK_END) == 299_999
            assert file.read() == name.encode()
    assert first.read() == b"x" * 299_998
    assert len(spool._COPIES._kept) == spool.KEPT == 2
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        opener(f"s3://{BUCKET}/copies/none.mp4")


def test_a_commit_that_is_cut_off_between_any_two_writes_counts_only_when_whole():
    """The connection breaks before the first, second … object is sent, and the attempt is repeated."""
    whole = MemoryStore()
    run = RunFolder(RemotePath("s3://bucket/run", whole))
    write_whole(run.config_file, b"{run_id: '00ff', config_hash: beef}")
    parts = [(table, []) for table in UNIT_TABLES]
    video = Video("v", "v.mp4", 1, 2, 2, 10.0, 0.1, "h264", 0, 1, unit="0" * 16)
    stem = unit_name("v", video.unit)
    store = MemoryStore(objects=dict(whole.objects))
    cut = RunFolder(RemotePath("s3://bucket/run", store))
    for n in range(len(UNIT_TABLES) + 1):
        store.puts_left = n
        with pytest.raises(OSError, match="the connection is lost"):
            write_unit(cut, stem, [*parts, (tables.VIDEOS, [video])])
        assert cut.committed() == {}
    store.puts_left = 10**6
    for one in (run, cut, cut):
        write_unit(one, stem, [*parts, (tables.VIDEOS, [video])])
    assert cut.committed() == {"v": video.unit}
    assert store.objects == whole.objects

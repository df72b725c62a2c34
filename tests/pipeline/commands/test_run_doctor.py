"""``pointvos doctor --run``: finds what is wrong with a run, says what to do again, and puts it in order."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer

from pipeline.commands.doctor import doctor
from pipeline.commands.merge import merge
from pipeline.commands.simulate import simulate
from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.rejects import Reject

A = unit_name("a", "0123")


@pytest.fixture
def run(finished_run, tmp_path) -> Path:
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.0)
    return finished_run


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:40])


def spoil_hash(file: Path) -> None:
    rows = pq.read_table(file)
    metadata = {**rows.schema.metadata, b"pointvos.config_hash": b"0bad"}
    pq.write_table(rows.replace_schema_metadata(metadata), file)


def repeat_rows(file: Path) -> None:
    rows = pq.read_table(file)
    pq.write_table(rows.take([*range(rows.num_rows), 0]), file)


def drop_masks_of_object_2(run: Path) -> None:
    file = run / "masks" / f"{A}.parquet"
    rows = pq.read_table(file)
    pq.write_table(rows.filter([object_id != "2" for object_id in rows["object_id"].to_pylist()]), file)


def reject_what_is_done(run: Path) -> None:
    rows = [Reject("annotate", "a", "worker_died", "it died", "a.mp4")]
    tables.REJECTS.write(run / "rejects" / f"{A}.parquet", rows, RunFolder(run).metadata())


AGAIN = "Now run again: the same annotate command"
UNIT_FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "masks cut": (lambda run: cut(run / "masks" / f"{A}.parquet"), "a.0123.parquet is damaged"),
    "candidates empty": (lambda run: (run / "candidates" / f"{A}.parquet").write_bytes(b""), "is damaged"),
    "localizations gone": (lambda run: (run / "localizations" / f"{A}.parquet").unlink(), "it has no localizations"),
    "foreign settings": (lambda run: spoil_hash(run / "masks" / f"{A}.parquet"), "config 0bad; this run has beef"),
    "a row twice": (lambda run: repeat_rows(run / "candidates" / f"{A}.parquet"), "1 candidates are duplicated"),
    "a mask twice": (lambda run: repeat_rows(run / "masks" / f"{A}.parquet"), "1 masks are duplicated"),
    "masks of an object gone": (drop_masks_of_object_2, "3 frames of objects with candidates and no mask"),
    "done and rejected": (reject_what_is_done, "it is marked as done and rejected as a whole"),
    "a frame cut": (lambda run: cut(next((run / "frames/a").iterdir())), "look at are missing or damaged"),
    "a frame gone": (lambda run: next((run / "frames/a").iterdir()).unlink(), "people look at are missing"),
    "rows of another video": (
        lambda run: shutil.copy(run / "candidates" / f"{unit_name('sub/b', '0123')}.parquet",
                                run / "candidates" / f"{A}.parquet"),
        "candidates has rows of 'sub/b'",
    ),
}  # fmt: skip


def test_a_sound_run_is_in_order_and_stays_as_it_is(run, capsys):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}
    doctor(RunFolder(run), repair=False)
    assert f"Run {run} is in order: 2 videos." in said(capsys)
    doctor(RunFolder(run), repair=True)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("name", UNIT_FAULTS)
def test_a_damaged_video_is_dropped_so_that_annotate_does_it_again(run, capsys, name):
    spoil, text = UNIT_FAULTS[name]
    spoil(run)
    with pytest.raises(typer.Exit) as leaving:
        doctor(RunFolder(run), repair=False)
    assert leaving.value.exit_code == 1
    assert text in said(capsys)
    marked = set(tables.VIDEOS.read(run)["video_id"].to_pylist())
    assert marked == {"a", "sub/b"}, "without --repair nothing changes"
    verdicts = (run / "verdicts" / "simulated.parquet").read_bytes()
    doctor(RunFolder(run), repair=True)
    assert AGAIN in said(capsys)
    assert list(RunFolder(run).committed()) == ["sub/b"]
    assert not [file for table in ("masks", "candidates", "rejects") for file in (run / table).glob("a.*")]
    assert (run / "verdicts" / "simulated.parquet").read_bytes() == verdicts
    doctor(RunFolder(run), repair=False)
    assert "1 file of points of videos that are no longer done" in said(capsys)


def test_a_damaged_mark_and_what_a_kill_left_are_removed(run, capsys):
    cut(run / "videos" / f"{A}.parquet")
    stray = run / "masks" / ".x.parquet.999999999-0123abcd.tmp"
    stray.write_bytes(b"half")
    (run / ".work" / "video-1").mkdir(parents=True)
    doctor(RunFolder(run), repair=True)
    assert AGAIN in said(capsys)
    assert not stray.exists()
    assert not (run / ".work").exists()
    assert list(RunFolder(run).committed()) == ["sub/b"]
    doctor(RunFolder(run), repair=False)


def test_tables_without_a_mark_are_no_part_of_the_run(run, capsys):
    (run / "videos" / f"{A}.parquet").unlink()
    doctor(RunFolder(run), repair=True)
    assert f"localizations, masks, repairs, candidates of {A} belong to no video that is done" in said(capsys)
    assert set(tables.MASKS.read(run)["video_id"].to_pylist()) == {"sub/b"}


@pytest.mark.parametrize("table", ["verdicts", "tasks", "gold", "skips"])
def test_answers_that_cannot_be_read_are_set_aside_and_never_deleted(run, capsys, table):
    file = run / table / "contact_sheet.parquet"
    for content in (b"half a file", b"another"):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        doctor(RunFolder(run), repair=True)
        assert "Now run again: pointvos review pu" in said(capsys)
    kept = [path.read_bytes() for path in sorted((run / "damaged" / table).iterdir(), key=lambda path: len(path.name))]
    assert kept == [b"half a file", b"another"]
    doctor(RunFolder(run), repair=False)


def test_damaged_points_are_made_again_by_merge(run, capsys):
    before = tables.POINTS.read(run)
    cut(next((run / "points").iterdir()))
    doctor(RunFolder(run), repair=True)
    assert f"Now run again: pointvos merge --run {run}" in said(capsys)
    merge(RunFolder(run), 0.0)
    assert tables.POINTS.read(run) == before


@pytest.mark.parametrize(
    "content", [b"", b"run_id: [", b"- a\n", b"run_id: 1\nconfig_hash: x\n", b"\xff\xfe", b"a: &b [*b]"]
)
def test_a_broken_config_is_named_and_set_aside(run, capsys, content):
    (run / "run.yaml").write_bytes(content)
    with pytest.raises(UsageProblem, match=r"run\.yaml is damaged \(.*doctor --run .* --repair"):
        merge(RunFolder(run))
    doctor(RunFolder(run), repair=True)
    assert AGAIN in said(capsys)
    assert (run / "damaged" / "run.yaml").read_bytes() == content


def test_verdicts_on_candidates_that_are_gone_are_a_note(run, capsys):
    RunFolder(run).drop_unit("a", "0123")
    doctor(RunFolder(run), repair=False)
    assert "verdicts on 48 candidates that the run no longer has; they are kept" in said(capsys)


def test_a_folder_that_is_no_run_and_repair_without_a_run_are_wrong_usage(tmp_path):
    with pytest.raises(UsageProblem, match=r"neither run\.yaml nor tables"):
        doctor(RunFolder(tmp_path), repair=False)
    with pytest.raises(UsageProblem, match="check --run"):
        doctor(RunFolder(tmp_path / "none"), repair=False)
    with pytest.raises(UsageProblem, match="--repair goes with --run"):
        doctor(None, repair=True)


def test_what_is_repaired_and_annotated_again_is_the_same_to_the_byte(annotated, corpus, pointvos, fast, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(annotated, run)
    before = {path.relative_to(run): path.read_bytes() for path in run.rglob("*.parquet")}
    cut(next((run / "masks").glob("a.*")))
    next((run / "candidates").glob("b.*")).unlink()
    (run / "run.yaml").write_text("")
    assert pointvos("doctor", "--run", run).returncode == 1
    assert pointvos("doctor", "--run", run, "--repair").returncode == 0
    command = ("annotate", corpus, "--localizations", corpus.parent / "clicks.json", "--run", run, *fast)
    answer = pointvos(*command)
    assert "Skipping 1 of 3 videos" in answer.stdout, answer.stderr
    assert {path.relative_to(run): path.read_bytes() for path in run.rglob("*.parquet")} == before
    assert "in order: 3 videos" in pointvos("doctor", "--run", run).stdout

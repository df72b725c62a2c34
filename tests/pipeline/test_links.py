"""A run folder that was handed over: links in it are refused by name, and nothing is written through them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.commands.doctor import doctor
from pipeline.commands.export import ExportFormat, export
from pipeline.commands.merge import merge
from pipeline.commands.report import report
from pipeline.commands.simulate import simulate
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem

PLACES = (
    ".lock",
    ".writable",
    ".work",
    "run.yaml",
    "videos",
    "masks/a.0123.parquet",
    "points",
    "verdicts",
    "frames",
    "frames/a",
    "frames/a/000000.jpg",
    "media",
    "media/queue",
    "report",
    "report/index.html",
    "review",
    "review/pull.lock",
    "logs",
    "logs/workers.log",
    "rejects/ingest.parquet",
    "damaged",
)


@pytest.fixture
def elsewhere(tmp_path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "thesis").write_text("mine")
    return folder


def plant(link: Path, target: Path) -> None:
    """Put a link in the place of what is there; to what was there, moved away, where there is something."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.exists():
        link.rename(target / "moved")
        target = target / "moved"
    elif link.suffix or link.name.startswith("."):
        target = target / "thesis"
    link.symlink_to(target)


@pytest.mark.parametrize("name", PLACES)
def test_a_link_is_refused_by_name_by_every_command(finished_run, tmp_path, elsewhere, name):
    plant(finished_run / name, elsewhere)
    before = sorted(path.name for path in elsewhere.rglob("*"))
    refusal = rf"{name.replace('.', '[.]')} is a symbolic link to .*; remove it"
    for command in (
        lambda: merge(RunFolder(finished_run)),
        lambda: simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0),
        lambda: report(RunFolder(finished_run), 10),
        lambda: export(RunFolder(finished_run), ExportFormat.DAVIS, tmp_path / "out"),
        lambda: doctor(RunFolder(finished_run), repair=True),
        RunFolder(finished_run).create,
    ):
        with pytest.raises(UsageProblem, match=refusal):
            command()
    assert sorted(path.name for path in elsewhere.rglob("*")) == before
    assert (elsewhere / "thesis").read_text() == "mine"


@pytest.mark.parametrize("name", PLACES)
def test_a_named_pipe_is_refused_by_name_and_nobody_waits_for_it(finished_run, tmp_path, name):
    pipe = finished_run / name
    pipe.parent.mkdir(parents=True, exist_ok=True)
    if pipe.exists():
        pipe.rename(tmp_path / "moved")
    os.mkfifo(pipe)
    for command in (
        lambda: merge(RunFolder(finished_run)),
        lambda: report(RunFolder(finished_run), 10),
        lambda: doctor(RunFolder(finished_run), repair=True),
        RunFolder(finished_run).create,
    ):
        with pytest.raises(UsageProblem, match=rf"{name.replace('.', '[.]')} is a named pipe, .*; remove it"):
            command()


def test_a_run_folder_may_be_a_link_itself(finished_run, tmp_path):
    (tmp_path / "latest").symlink_to(finished_run)
    simulate(RunFolder(tmp_path / "latest"), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(tmp_path / "latest"))


def test_annotate_refuses_links_before_it_writes(corpus, pointvos, fast, tmp_path, elsewhere):
    run = tmp_path / "run"
    run.mkdir()
    for name in (".work", ".lock"):
        (run / name).symlink_to(elsewhere)
        answer = pointvos("annotate", corpus, "--localizations", corpus.parent / "clicks.json", "--run", run, *fast)
        assert answer.returncode == 2
        assert f"{run / name} is a symbolic link to '{elsewhere}'" in answer.stderr
        assert "Traceback" not in answer.stderr
        (run / name).unlink()
    assert [path.name for path in elsewhere.iterdir()] == ["thesis"]


def test_a_folder_that_everybody_can_write_to_is_pointed_out(finished_run, tmp_path, capsys):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    assert "can write to" not in capsys.readouterr().err
    finished_run.chmod(0o777)
    merge(RunFolder(finished_run))
    assert f"everybody can write to {finished_run}" in capsys.readouterr().err

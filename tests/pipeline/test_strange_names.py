"""Ids and paths that look like markup are shown as they are, by every command."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem, console, errors, named_problems, styled, summary, visible

STRANGE = ("x[/b]", "[bold]y", "z\\", ":smile:", "[link=http://a.b]q[/link]", "[", "]", "[/]", "a\\[/b]")


@pytest.fixture
def run(finished_run, tmp_path, add_video) -> Path:
    """A run in a folder with such a name, of videos and objects with such ids."""
    place = tmp_path / "runs [/b] \\[x"
    for name in STRANGE:
        add_video(RunFolder(finished_run), name, (name, "2"))
        shutil.copytree(tmp_path / "truth" / "a", tmp_path / "truth" / name)
    shutil.move(finished_run, place)
    return place


@pytest.fixture
def say(monkeypatch) -> Callable[..., Result]:
    monkeypatch.setenv("COLUMNS", "1000")

    def run_command(*arguments: object) -> Result:
        return CliRunner().invoke(app, list(map(str, arguments)))

    return run_command


def test_every_command_shows_strange_ids_and_paths_as_they_are(run, say, tmp_path):
    truth = tmp_path / "truth"
    for command in (
        ("simulate", "--run", run, "--ground-truth", truth),
        ("merge", "--run", run),
        ("report", "--run", run),
        ("export", "--run", run, "--format", "davis", "--out", tmp_path / "out[/b]"),
        ("review", "status", "--run", run),
        ("review", "audit", "--run", run),
        ("doctor", "--run", run),
    ):
        answer = say(*command)
        assert answer.exit_code == 0, (command, answer.output, answer.exception)
        assert str(run) in "".join(answer.output.split("\n")) or command[0] == "review", answer.output
    answer = say("evaluate", "--run", run, "--ground-truth", truth)
    assert answer.exit_code == 0
    for name in STRANGE:
        assert f"{name}: not in the ground truth: {name}\n" in answer.output


@pytest.mark.parametrize("text", [*STRANGE, "a\x1b[31mb", "\udcff", "\u202egnp.exe"])
def test_titles_rows_and_problems_are_shown_as_they_are(text, capsys):
    summary(text, [(text, text)])
    console.print(text)
    errors.print(styled(text, "bold"))
    with pytest.raises(SystemExit), named_problems():
        raise UsageProblem(text)
    out, err = capsys.readouterr()
    assert out.split() == [visible(text)] * 4
    assert err.split() == [visible(text), "Error:", visible(text)]
    assert visible(text).isprintable()


@pytest.mark.parametrize("name", ["gone[/b]", "gone\\[/b]\\"])
def test_wrong_paths_are_named_as_they_were_given(say, name, capsys):
    with pytest.raises(SystemExit), named_problems():
        raise say("merge", "--run", name).exception
    assert f"{name} is not a run folder" in capsys.readouterr().err
    answer = say("evaluate", "--run", "x", "--ground-truth", f"/{name}")
    assert answer.exit_code == 2
    assert f"{f'/{name}'!r} does not exist" in answer.output

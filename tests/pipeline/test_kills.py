"""A command that is killed at any of its writes and run again leaves what it would have left undisturbed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kills import REPOSITORY, Killer, contents, killer

PULL = """
import sys; sys.path.insert(0, {repository!r})
from pathlib import Path
from tests.verification_ui.queue.test_pull import Answers, annotation, pulled
answers = Answers()
answers.say("k1", 1, annotation("al", "a"), annotation("bo", is_skipped=True))
answers.say("k2", 2, annotation("cy"))
pulled(Path({run!r}), answers)
"""


@pytest.fixture(scope="module")
def kill() -> Iterator[Killer]:
    with killer() as found:
        yield found


@pytest.fixture
def place(finished_run, tmp_path, kill) -> Path:
    """A folder with ``run`` (simulated, merged), ``truth`` and room for an export, to be copied for every kill."""
    assert kill.run(tmp_path, "simulate", "--run", finished_run, "--ground-truth", tmp_path / "truth")[0] == 0
    assert kill.run(tmp_path, "merge", "--run", finished_run)[0] == 0
    assert not (tmp_path / "start").exists()
    start = tmp_path / "start"
    start.mkdir()
    for name in ("run", "truth"):
        shutil.move(tmp_path / name, start / name)
    return start


COMMANDS = {
    "simulate": ("simulate", "--run", "{0}/run", "--ground-truth", "{0}/truth", "--seed", "1"),
    "merge": ("merge", "--run", "{0}/run", "--val-share", "0.5"),
    "export of points": ("export", "--run", "{0}/run", "--format", "pointvos", "--out", "{0}/out"),
    "export of masks": ("export", "--run", "{0}/run", "--format", "davis", "--out", "{0}/out"),
    "report": ("report", "--run", "{0}/run", "--pictures", "2", "--folder"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_it_is_killed_at_its_writes_and_run_again(place, kill, tmp_path, name):
    work = tmp_path / "work"
    arguments = [word.format(work) for word in COMMANDS[name]]

    def begin() -> None:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(place, work)
        if "export" in name:
            assert kill.run(work, *(word.replace("davis", "pointvos") for word in arguments))[0] == 0
            if name.endswith("points"):
                shutil.rmtree(work / "out")

    begin()
    moments = list(kill.kills(work, *arguments, at_most=9))
    whole = contents(work)
    for moment in moments:
        begin()
        assert kill.run(work, *arguments, kill_at=moment)[0] == -9, moment
        assert kill.run(work, *arguments)[0] == 0, moment
        assert contents(work) == whole, moment
    assert kill.run(work, "doctor", "--run", work / "run", "--repair")[0] == 0
    assert not list((work / "run").rglob("*.tmp"))


def test_a_pull_is_killed_at_its_writes_and_run_again(kill, tmp_path):
    run = tmp_path / "run"
    code = PULL.format(repository=str(REPOSITORY), run=str(run))
    moments = list(kill.kills(run, "-c", code))
    whole = contents(run)
    assert len(whole) == 2
    for moment in moments:
        shutil.rmtree(run)
        assert kill.run(run, "-c", code, kill_at=moment)[0] == -9
        assert kill.run(run, "-c", code)[0] == 0
        assert contents(run) == whole

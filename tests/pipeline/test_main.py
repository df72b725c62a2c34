"""Commands work wherever they are started from: by a daemon, from cron, from a script that closes what it can."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.kills import REPOSITORY, contents


def started(shell: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command, started by a shell where ``"$@"`` is."""
    command = ["bash", "-c", shell, "bash", sys.executable, "-m", "pipeline", *map(os.fsencode, map(str, arguments))]
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=300, check=False)


def results(run: Path) -> dict[str, bytes]:
    return {name: content for name, content in contents(run).items() if name != "run.yaml"}


def test_with_closed_streams_and_ignored_children_a_run_has_the_same_bytes(corpus, annotated, fast, tmp_path):
    run, clicks = tmp_path / "my run", corpus.parent / "clicks.json"
    words = ("annotate", corpus, "--localizations", clicks, "--run", run, *fast, "--workers", "2")
    answer = started("""trap '' CHLD; exec "$@" <&- 2>&-""", *words)
    assert answer.returncode == 0
    assert results(run) == results(annotated)
    assert f"pointvos report --run '{run}'" in answer.stdout


def test_without_an_output_problems_are_still_said(tmp_path):
    answer = started("""exec "$@" >&-""", "stats", "--run", tmp_path)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"Error: {tmp_path} is not a run folder" in answer.stderr


def test_a_name_that_is_no_text_is_refused(tmp_path):
    answer = started("""exec "$@" """, "stats", "--run", f"{tmp_path}/\udcff")
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"Error: '{tmp_path}/\\udcff' is not utf-8 text; rename the file")

"""The README's commands do what it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from pipeline.commands.review.links import ANNOTATOR
from pipeline.demo.__main__ import CLICKS, clips
from pipeline.runs.folder import RunFolder
from schemas import tables
from tests.pipeline.commands.test_resample import verdicts_of
from tests.verification_ui.person import Person
from verification_ui.server.server import ServerProblem, find_executable

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DEMO = REPOSITORY / "demo-run"
GROUPS = ("review", "models", "train", "benchmark")
"""Commands that have commands of their own."""


def shell_lines() -> list[str]:
    """Every command of the README's shell blocks, without its comment."""
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def run(command: str) -> str:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    answer = subprocess.run(
        shlex.split(command), capture_output=True, text=True, cwd=REPOSITORY, env=environment, timeout=550, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@cache
def help_of(words: tuple[str, ...]) -> str:
    """What a command says of itself."""
    return run(f"pointvos {' '.join(words)} --help")


def test_every_make_target_that_is_named_exists():
    named = set(re.findall(r"`?make ([a-z-]+)", README))
    known = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"demo", "review", "test", "setup"} <= named
    assert named <= known


def test_every_pointvos_command_that_is_named_explains_itself():
    commands = [line.split() for line in shell_lines() if line.startswith("pointvos ")]
    names = {tuple(words[1:3]) if words[1] in GROUPS else (words[1],) for words in commands}
    assert {("annotate",), ("review", "up"), ("merge",), ("export",)} <= names
    for name in sorted(names):
        assert "Usage" in help_of(name)


def test_every_option_that_is_named_exists():
    for line in shell_lines():
        words = line.split()
        if words[0] != "pointvos":
            continue
        text = help_of(tuple(words[1:3] if words[1] in GROUPS else words[1:2]))
        for option in [w for w in words if w.startswith("--")]:
            assert option in text, f"{line}: {option}"


@pytest.mark.timeout(560)
def test_make_demo_says_what_it_made_and_what_to_do_next():
    said = run("make demo")
    assert "Results" in said
    assert "make review" in said
    for made in ("masks", "candidates", "frames", "report/index.html"):
        assert (DEMO / made).exists()
    assert "already done" in run("make demo")


def test_the_tour_goes_on_from_the_demo(tmp_path):
    if not (DEMO / "candidates").is_dir():
        pytest.skip("make demo has not run here")
    assert "index.html" in run("pointvos report --run demo-run")


@pytest.mark.timeout(560)
def test_the_tour_ends_with_a_propagator_of_ones_own(tmp_path):
    """People answer the demo's candidates, as the masks say; six steps are learned from the points, on small frames."""
    if not (DEMO / "candidates").is_dir():
        pytest.skip("make demo has not run here")
    own = RunFolder(Path(shutil.copytree(DEMO, tmp_path / "demo-run")))
    tables.VERDICTS.write(own.table_file(tables.VERDICTS, "ann"), verdicts_of(own), own.metadata())
    (train, annotate) = [line for line in shell_lines() if "tracker.pt" in line]
    run(f"pointvos merge --run {own}")
    at, tracker = str(own), str(tmp_path / "tracker.pt")
    learned = run(f"{_put(train, {'demo-run': at, 'tracker.pt': tracker})} --steps 6 --batch 2 --size 128x96 --views 1")
    assert f"--propagator trained:{tracker}" in learned
    clip, hints = next(clips().glob("carphone_pristine*")), tmp_path / "hints.json"
    hints.write_text(json.dumps({clip.stem: json.loads(CLICKS.read_text())[clip.stem]}))
    places = {"VIDEOS": str(clip), "HINTS": str(hints), "RUN": str(tmp_path / "next")}
    places["trained:tracker.pt"] = f"trained:{tracker}"
    assert "masks" in run(_put(annotate, places) + " --segmenter embedded_fast --frames 2 --points 6")
    assert f"trained:{tracker}" in tables.MASKS.read(tmp_path / "next")["model"].to_pylist()


def _put(line: str, places: dict[str, str]) -> str:
    """A command with other paths."""
    return " ".join(places.get(word, word) for word in line.split())


@pytest.mark.labelstudio
@pytest.mark.browser
@pytest.mark.timeout(560)
def test_make_review_lets_a_person_in_and_ctrl_c_ends_it(browser):
    try:
        find_executable()
    except ServerProblem as problem:
        pytest.skip(str(problem))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with subprocess.Popen(
        ["make", "review"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPOSITORY,
        env=environment, start_new_session=True,
    ) as process:  # fmt: skip
        seen = ""
        try:
            for line in process.stdout or ():
                seen += line
                if "Ctrl-C" in line:
                    break
            link = DEMO / "review" / f"link-{ANNOTATOR}.txt"
            assert link.is_file(), seen
            person = Person(browser, link.read_text().strip(), ANNOTATOR)
            person.choose_queue("contact_sheet", "contact_sheet")
            assert person.asked()
        finally:
            os.killpg(process.pid, signal.SIGINT)
            rest = process.communicate(timeout=120)[0]
    assert "Pulling the answers" in rest
    assert "Traceback" not in rest
    assert list(DEMO.rglob("label_studio.sqlite3")) == [DEMO / "review" / "data" / "label_studio.sqlite3"]

"""``annotate`` on a real Flink cluster: a JobManager, two TaskManagers, Beam's job server, two pools of workers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas import tables
from tests.cluster.corpus import BROKEN, CROWDED, NAMES
from tests.cluster.flink import REPOSITORY
from tests.cluster.parts import Unavailable, fetch
from tests.cluster.scenarios import RUNS, local_of

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]
_ALONE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child")
"""A network of its own, since Beam's servers listen on all interfaces; its processes end with this one in any case."""
_SCENARIOS_S = 3000


def can_be_alone() -> bool:
    programs = all(map(shutil.which, ("ip", "setpriv", "unshare")))
    return programs and subprocess.run([*_ALONE, "true"], check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def work(request, tmp_path_factory):
    """Folder with the report and the run folders of all runs that the selected tests are about."""
    names = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")} & {*RUNS}
    if not can_be_alone():
        pytest.skip("no Flink cluster: needs to make a network of its own (root; ip, setpriv, unshare)")
    try:
        parts = fetch(REPOSITORY / "build" / "cluster")
    except Unavailable as problem:
        pytest.skip(f"no Flink cluster: {problem}")
    folder = tmp_path_factory.mktemp("cluster")
    scenarios = f"{sys.executable} -m tests.cluster.scenarios {parts.flink} {parts.beam} {folder} {' '.join(names)}"
    command = [*_ALONE, "sh", "-c", f"ip link set lo up && exec {scenarios}"]
    answer = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=_SCENARIOS_S, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder


@pytest.fixture(scope="module")
def report(work):
    return json.loads((work / "report.json").read_text())


def contents(run: Path) -> dict[str, bytes]:
    return {str(f.relative_to(run)): f.read_bytes() for f in [*run.rglob("*.parquet"), *run.rglob("*.jpg")]}


@pytest.mark.parametrize("name", RUNS)
def test_every_file_of_a_run_on_flink_is_that_of_a_run_on_this_machine(work, report, name):
    here = local_of(name)
    assert report[name]["code"] == report[here]["code"], report[name]["output"]
    assert contents(work / name) == contents(work / here)


@pytest.mark.parametrize("name", ["killed_task_manager", "embedded"])
def test_the_run_on_this_machine_has_all_videos_but_the_broken_one(work, report, name):
    run = work / local_of(name)
    masks = tables.MASKS.records(tables.MASKS.read(run))
    (reject,) = tables.REJECTS.records(tables.REJECTS.read(run))
    objects = {name: {mask.object_id for mask in masks if mask.video_id == name} for name in NAMES}
    assert reject.key == BROKEN
    assert {name for name, found in objects.items() if len(found) == 6} == set(CROWDED)
    assert {name for name, found in objects.items() if not found} == {BROKEN}


@pytest.mark.parametrize("name", ["killed_pool", "killed_task_manager"])
def test_what_was_killed_was_killed_in_the_middle(report, name):
    assert report[name]["n_committed_before"] < len(NAMES) - 1
    assert report[name]["restarts"] > 0


@pytest.mark.parametrize("name", ["killed_task_manager"])
def test_videos_that_were_committed_before_are_not_done_again(report, name):
    assert report[name]["n_committed_before"] > 0
    assert report[name]["n_done_again"] == 0


@pytest.mark.parametrize("name", ["interrupted"])
def test_a_command_that_is_interrupted_says_what_becomes_of_its_job(report, name):
    assert report[name]["interrupted"]["code"] == 143
    assert "The runner was asked to cancel its job" in report[name]["interrupted"]["output"]


@pytest.mark.parametrize("name", ["two", "one"])
def test_nothing_starts_again_where_nothing_is_killed(report, name):
    assert report[name]["restarts"] == 0


def test_figures(report, capsys):
    """Printed for BENCHMARKS.md."""
    figures = {
        name: {what: run[what] for what in ("seconds", "job_seconds", "restarts") if what in run}
        for name, run in report.items()
        if isinstance(run, dict)
    }
    with capsys.disabled():
        print("\n" + json.dumps({"start_seconds": report["start_seconds"], **figures}))

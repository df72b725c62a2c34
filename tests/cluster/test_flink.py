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

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
_ALONE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child")
"""A network of its own, since Beam's servers listen on all interfaces; its processes end with this one in any case."""
_SCENARIOS_S = 1200
_RUNS = ("two", "one", "killed_pool", "killed_task_manager")


def can_be_alone() -> bool:
    programs = all(map(shutil.which, ("ip", "setpriv", "unshare")))
    return programs and subprocess.run([*_ALONE, "true"], check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Folder with the run folders of all scenarios and their report."""
    if not can_be_alone():
        pytest.skip("no Flink cluster: needs to make a network of its own (root; ip, setpriv, unshare)")
    try:
        parts = fetch(REPOSITORY / "build" / "cluster")
    except Unavailable as problem:
        pytest.skip(f"no Flink cluster: {problem}")
    folder = tmp_path_factory.mktemp("cluster")
    scenarios = f"{sys.executable} -m tests.cluster.scenarios {parts.flink} {parts.beam} {folder}"
    command = [*_ALONE, "sh", "-c", f"ip link set lo up && exec {scenarios}"]
    answer = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=_SCENARIOS_S, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder


@pytest.fixture(scope="module")
def report(work):
    return json.loads((work / "report.json").read_text())


def contents(run: Path) -> dict[str, bytes]:
    return {str(f.relative_to(run)): f.read_bytes() for f in [*run.rglob("*.parquet"), *run.rglob("*.jpg")]}


def test_the_local_run_has_all_videos_but_the_broken_one(work, report):
    masks = tables.MASKS.records(tables.MASKS.read(work / "local"))
    (reject,) = tables.REJECTS.records(tables.REJECTS.read(work / "local"))
    objects = {name: {mask.object_id for mask in masks if mask.video_id == name} for name in NAMES}
    assert reject.key == BROKEN
    assert {name for name, found in objects.items() if len(found) == 6} == set(CROWDED)
    assert {name for name, found in objects.items() if not found} == {BROKEN}


@pytest.mark.parametrize("name", _RUNS)
def test_every_file_of_a_run_on_flink_is_that_of_the_local_run(work, report, name):
    assert report[name]["code"] == report["local"]["code"], report[name]["output"]
    assert contents(work / name) == contents(work / "local")


@pytest.mark.parametrize("name", ["killed_pool", "killed_task_manager"])
def test_what_was_killed_was_killed_in_the_middle(report, name):
    assert report[name]["n_committed_before"] < len(NAMES) - 1
    assert report[name]["restarts"] > 0


@pytest.mark.parametrize("name", ["two", "one"])
def test_nothing_starts_again_where_nothing_is_killed(report, name):
    assert report[name]["restarts"] == 0


def test_figures(report, capsys):
    figures = {
        name: {what: run[what] for what in ("seconds", "job_seconds", "restarts") if what in run}
        for name, run in report.items()
        if name in ("local", *_RUNS)
    }
    with capsys.disabled():
        print("\n" + json.dumps({"start_seconds": report["start_seconds"], **figures}))

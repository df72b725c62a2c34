"""``pointvos refine`` and ``pointvos suggest`` as they are typed, and killed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from pipeline.commands.refine import refine
from pipeline.commands.suggest import suggest
from pipeline.runs.folder import RunFolder
from pipeline.runs.rounds import VideoRounds
from pipeline.runs.units import unit_records
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.videos import Video
from tests.kills import REPOSITORY, contents, killer
from tests.pipeline.refining.conftest import Refine, Say, label, labels


def said_by(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_it_says_what_it_did_and_that_nothing_is_new(
    run: RunFolder, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    refine(run)
    assert "No new feedback: the run is unchanged." in said_by(capsys)
    say(labels(8))
    refine(run)
    said = said_by(capsys)
    assert "Checking 1 object in 1 video with new feedback: at most about" in said
    assert "with new feedback 1 rounds 1 corrections 1 masks changed" in said
    assert f"verified points {len(labels(8))} frames that still contradict them 0" in said
    assert not run.work.exists()
    refine(run, ["a"])
    assert "No new feedback" in said_by(capsys)


def test_clicks_of_unknown_videos_objects_and_frames_are_rejected_and_the_rest_is_used(
    run: RunFolder, video: Video, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def point(object_id: str, x: int, y: int, label: int = 1) -> dict[str, object]:
        return {"object_id": object_id, "x": x, "y": y, "label": label}

    file = tmp_path / "more.json"
    entries = [
        {"frame": 8, "points": [point("1", 50, 56), point("9", 1, 1)]},
        {"frame": 40, "points": [point("1", 5, 5)]},
        {"frame": 3, "points": [point("1", 30, 34, 0)]},
    ]
    file.write_text(json.dumps({"a": entries, "nowhere": entries[:1]}))
    with pytest.raises(typer.Exit) as leaving:
        refine(run, clicks=[str(file)])
    assert leaving.value.exit_code == 3
    said = said_by(capsys)
    assert all(error in said for error in ("unknown_object", "unknown_frame", "unknown_video"))
    assert {(one.frame_idx, one.label) for one in unit_records(run, tables.CORRECTIONS, video)} == {
        (8, (1,)),
        (3, (0,)),
    }
    file.write_text(json.dumps({"a": entries[2:]}))
    refine(run, ["b"], clicks=[str(file)])  # those on another video than the named one are left out
    assert "videos 1 with new feedback 0" in said_by(capsys)


def test_what_cannot_be_begun_says_why(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="unknown video 'b9'; the run has a, b, sub/c"):
        refine(run, ["b9"])
    with pytest.raises(UsageProblem, match="there is no localization file"):
        refine(run, clicks=[str(tmp_path / "none.json")])


def test_cut_off_between_any_two_writes_and_run_again_it_ends_as_if_undisturbed(
    run: RunFolder, say: Say, refine_here: Refine, tmp_path: Path
) -> None:
    say(labels(8))
    start = tmp_path / "start"
    shutil.copytree(run.local, start)
    before = contents(run.local)
    refine_here()
    whole = contents(run.local)
    written = sorted(
        (name for name in whole if whole[name] != before.get(name)),
        key=lambda name: (run.local / name).stat().st_mtime_ns,
    )
    tables_written = [name.partition("/")[0] for name in written if not name.startswith("frames/")]
    assert tables_written == ["corrections", "superseded", "masks", "candidates"]
    for n_done in range(len(written)):
        shutil.rmtree(run.local)
        shutil.copytree(start, run.local)
        for name in written[:n_done]:
            (run.local / name).parent.mkdir(parents=True, exist_ok=True)
            (run.local / name).write_bytes(whole[name])
        refine_here()
        assert contents(run.local) == whole, written[:n_done]


@pytest.mark.slow
def test_killed_at_its_writes_and_run_again_it_ends_as_if_undisturbed(run: RunFolder, say: Say, tmp_path: Path) -> None:
    say(labels(8))
    start = tmp_path / "start"
    shutil.copytree(run.local, start)
    command = ("refine", "--run", run.path, "a")
    with killer() as kill:
        moments = list(kill.kills(run.local, *command, at_most=9))
        whole = contents(run.local)
        for moment in moments:
            shutil.rmtree(run.local)
            shutil.copytree(start, run.local)
            assert kill.run(run.local, *command, kill_at=moment)[0] == -signal.SIGKILL, moment
            assert kill.run(run.local, *command)[0] == 0, moment
            assert contents(run.local) == whole, moment


@pytest.mark.slow
def test_killed_in_the_middle_of_its_work_it_ends_as_if_undisturbed(run: RunFolder, say: Say, tmp_path: Path) -> None:
    say([*labels(6), *labels(9)])
    start = tmp_path / "start"
    shutil.copytree(run.local, start)
    command = [sys.executable, "-m", "pipeline", "refine", "--run", str(run.path)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    whole = contents(run.local)
    for seconds in (0.0, 0.3, 1.0):
        shutil.rmtree(run.local)
        shutil.copytree(start, run.local)
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and not any(run.local.glob("corrections/*.parquet")):
                time.sleep(0.01)
            time.sleep(seconds)
            process.kill()
        subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
        assert contents(run.local) == whole, seconds


def test_suggest_names_doubtful_frames_and_those_that_were_flagged_first(
    run: RunFolder, video: Video, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    suggest(run, 2, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 2
    assert [one["gain"] for one in found] == sorted((one["gain"] for one in found), reverse=True)
    quiet = {(one["video_id"], one["frame_idx"]): one["gain"] for one in found}
    say(labels(8))
    suggest(run, 2, as_json=True)
    assert max(one["gain"] for one in json.loads(capsys.readouterr().out)) > max(quiet.values())
    say([*labels(8), label(8, 40, 40, is_on=True), label(8, 40, 40, is_on=False)])
    refine(run)
    capsys.readouterr()
    suggest(run, 3)
    said = said_by(capsys)
    assert "1 of 52 verified points still contradict the mask" in said
    assert VideoRounds.read(run, video).number == 2  # what two answers on one pixel say was tried once each

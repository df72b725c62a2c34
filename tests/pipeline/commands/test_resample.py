"""Candidates drawn anew, through the real command where it may be cut off."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import typer

from pipeline.commands.merge import merge
from pipeline.commands.resample import resample
from pipeline.runs.folder import RunFolder
from pipeline.runs.resampling import references
from pipeline.runs.units import unit_file, unit_records, videos_of
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.masks import Mask, encode_rle
from schemas.reviews import Verdict

_STATUS = {True: "ACCEPTED", False: "REJECTED"}
NOW = datetime(2026, 1, 2, tzinfo=UTC)
REPOSITORY = Path(__file__).resolve().parents[3]
CUT_OFF = """
import os, sys
from pathlib import Path
from pipeline.commands.resample import resample
from pipeline.runs.folder import RunFolder

renamed, last = 0, int(sys.argv[2])

def end(event, _):
    global renamed
    if event == "os.rename":
        renamed += 1
        if renamed > last:
            os._exit(9)

sys.addaudithook(end)
resample(RunFolder(Path(sys.argv[1])), 2, 6, 5)
print(renamed)
"""


def contents(run: Path) -> dict[str, bytes]:
    files = [*run.rglob("*.parquet"), *run.rglob("*.jpg"), run / "run.yaml"]
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def candidates(run: Path) -> list:
    return tables.CANDIDATES.records(tables.CANDIDATES.read(run))


def verdicts_of(folder: RunFolder) -> list[Verdict]:
    """Somebody agreed with every candidate."""
    return [
        Verdict(c.candidate_id, _STATUS[c.is_fg_candidate], "ann", "label_studio", 1.0, "task", "1", NOW)
        for c in candidates(folder.path)
    ]


@pytest.fixture
def run(annotated, tmp_path) -> Path:
    """The annotated run, to change."""
    return Path(shutil.copytree(annotated, tmp_path / "run"))


def test_without_options_the_candidates_of_annotate_are_drawn_again(annotated, run):
    resample(RunFolder(run))
    assert contents(run) == contents(annotated)


def test_another_count_other_frames_and_another_seed_change_candidates_and_nothing_else(annotated, run, capsys):
    resample(RunFolder(run), 5, 20, 7)
    said = " ".join(capsys.readouterr().out.split())
    assert "Drawing 20 points on each of up to 5 frames of 3 objects in 3 videos: about 1 s" in said
    found, before = candidates(run), {c.candidate_id for c in candidates(annotated)}
    assert f"candidates 300 new {sum(c.candidate_id not in before for c in found)} removed" in said
    assert len(found) == 3 * 5 * 20
    assert {c.seed for c in found} == {7}
    assert all(RunFolder(run).frame_file(c.video_id, c.frame_idx).is_file() for c in found)
    now, before = contents(run), contents(annotated)
    changed = {name for name in now if now[name] != before.get(name)}
    assert changed - before.keys() <= {name for name in now if name.startswith("frames/")}
    assert {name.partition("/")[0] for name in changed & before.keys()} == {"candidates"}
    resample(RunFolder(run))
    assert {name: contents(run)[name] for name in before} == before


def test_with_doubts_it_asks_where_the_segmenter_disagrees_with_the_mask(run):
    folder, (video, *_) = RunFolder(run), videos_of(RunFolder(run))
    file = unit_file(folder, tables.MASKS, video)
    masks = []
    for mask in unit_records(folder, tables.MASKS, video):
        drawing = mask.decode()
        drawing[:46] = False  # GrabCut finds the upper half of the square as well
        masks.append(replace(mask, rle=encode_rle(drawing)))
    tables.MASKS.write(file, masks, folder.metadata())
    resample(folder, points=10, doubts=True)
    asked = [c for c in candidates(run) if c.video_id == video.video_id]
    doubted = [c for c in asked if c.stratum == "uncertain"]
    assert len({(c.frame_idx, c.x, c.y) for c in asked}) == len(asked) == 3 * 10
    assert 3 <= len(doubted) <= 3 * 8
    assert any(30 <= c.y < 46 and not c.is_fg_candidate for c in doubted)
    before = contents(run)
    resample(folder, points=10, doubts=True)
    assert contents(run) == before


def test_settings_without_an_option_come_from_a_file(run, tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("sampling: {foreground_share: 1.0}")
    resample(RunFolder(run), config=file)
    assert {c.is_fg_candidate for c in candidates(run)} == {True}
    file.write_text("sampling: {foreground_shares: 1.0}")
    with pytest.raises(UsageProblem, match=r"unknown setting 'sampling.foreground_shares'; known: sampling.frames, "):
        resample(RunFolder(run), config=file)
    file.write_text("sampling: 3")
    with pytest.raises(UsageProblem, match="sampling must hold named settings, not a int"):
        resample(RunFolder(run), config=file)


def test_a_video_that_is_gone_or_has_changed_keeps_its_candidates_and_the_rest_goes_on(
    own_corpus, make_video, pointvos, fast, tmp_path, capsys
):
    given = ("--localizations", own_corpus.parent / "clicks.json", "--run", tmp_path / "run", *fast)
    assert pointvos("annotate", own_corpus, *given).returncode == 0
    before = candidates(tmp_path / "run")
    (own_corpus / "a.mp4").unlink()
    make_video(own_corpus / "b.mp4", 11, (96, 64))
    with pytest.raises(typer.Exit) as leaving:
        resample(RunFolder(tmp_path / "run"), seed=1)
    assert leaving.value.exit_code == 3
    said = " ".join(capsys.readouterr().out.split())
    assert "frames of 96x64 pixels and had 128x96 when it was annotated; annotate it again" in said
    after = candidates(tmp_path / "run")
    assert [c for c in after if c.video_id in "ab"] == [c for c in before if c.video_id in "ab"]
    assert {c.seed for c in after if c.video_id == "sub/c"} == {1}


def test_a_command_that_is_cut_off_before_any_write_is_made_good_by_the_next(run, tmp_path):
    def cut_off(folder: Path, last: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", CUT_OFF, str(folder), str(last)]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)

    whole = Path(shutil.copytree(run, tmp_path / "whole"))
    n_writes = int(cut_off(whole, 10**6).stdout.split()[-1])
    assert n_writes >= 3 + 3
    for last in (0, 1, 2):  # writes that are done stay done
        assert cut_off(run, last).returncode == 9
        assert len(RunFolder(run).committed()) == 3
    assert cut_off(run, 10**6).returncode == 0
    assert contents(run) == contents(whole)
    assert not list(run.rglob("*.tmp"))


def test_verdicts_count_wherever_their_points_are_candidates(run, capsys):
    folder, first = RunFolder(run), candidates(run)
    verdicts = verdicts_of(folder)
    tables.VERDICTS.write(folder.table_file(tables.VERDICTS, "ann"), verdicts, folder.metadata())

    def merged() -> set[str]:
        merge(folder, 0.0)
        return {p.candidate_id for p in tables.POINTS.records(tables.POINTS.read(run))}

    assert merged() == {c.candidate_id for c in first}
    resample(folder, points=4)
    assert "Answers to removed candidates are kept" in " ".join(capsys.readouterr().out.split())
    assert merged() == {c.candidate_id for c in first} & {c.candidate_id for c in candidates(run)}
    resample(folder)
    assert merged() == {c.candidate_id for c in first}


def test_a_reference_is_the_first_frame_that_a_hint_was_drawn_on():
    def mask(idx: int, source: str) -> Mask:
        return Mask("v", "1", idx, 2, 2, encode_rle(np.eye(2, dtype=bool)), source, "m", 0.5)

    masks = [mask(0, "propagator"), mask(3, "repair"), mask(5, "segmenter")]
    assert references(masks, {"1": [0, 3, 5], "2": [0]}) == {"1": 3}
    assert references(masks, {"1": [0, 9]}) == {"1": 0}

"""Candidates after a correction round: answers are kept, the rest follows the masks."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from pipeline.commands.resample import resample
from pipeline.config import load_config
from pipeline.refining.candidates import redrawing_of
from pipeline.refining.correction_round import RoundModels
from pipeline.refining.hints import VideoHints
from pipeline.refining.videos import RoundTools, refine_video
from pipeline.runs.folder import RunFolder
from pipeline.runs.resampling import source_of
from pipeline.runs.rounds import VideoRounds, round_of, write_corrections
from pipeline.runs.units import unit_file, unit_records, videos_of
from schemas import tables
from schemas.corrections import Correction
from schemas.localizations import Clicks, Localization
from schemas.points import PointCandidate
from schemas.reviews import Verdict
from stages.backends.flow import FlowPropagator
from stages.backends.grabcut import GrabCutSegmenter
from stages.video import selected_frames

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def run(annotated: Path, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(annotated, tmp_path / "run")))


def candidates(run: RunFolder) -> list[PointCandidate]:
    return unit_records(run, tables.CANDIDATES, videos_of(run)[0])


def answer(run: RunFolder, ids: Collection[str]) -> None:
    verdicts = [Verdict(one, "ACCEPTED", "ann", "label_studio", 1.0, "task", "1", NOW) for one in sorted(ids)]
    tables.VERDICTS.write(run.table_file(tables.VERDICTS, "ann"), verdicts, run.metadata())


def correct(run: RunFolder, *corrections: Correction) -> VideoRounds:
    """Do a round on the first video."""
    video = videos_of(run)[0]
    if corrections:
        write_corrections(run, video, [*VideoRounds.read(run, video).corrections, *corrections])
    hints = [Localization(video.video_id, "1", 0, Clicks(((36.0, 46.0),), (1,)), group="objects")]
    frames = partial(selected_frames, source_of(video))
    models = RoundModels(GrabCutSegmenter(), FlowPropagator())
    tools = RoundTools(models, frames, redrawing_of(run, load_config(Path(run.config_file), {})))
    return refine_video(run, video, VideoHints.of(hints), tools)


def absent(frame_idx: int, number: int = 1) -> Correction:
    return Correction("a", "1", frame_idx, "absent", number)


def test_answers_stay_and_open_questions_on_changed_masks_move_to_other_frames(run: RunFolder) -> None:
    before = candidates(run)
    frames = sorted({c.frame_idx for c in before})
    assert len(frames) == 3
    answered = [c for c in before if c.frame_idx == frames[0]][:2] + [c for c in before if c.frame_idx == frames[2]][:1]
    answer(run, {c.candidate_id for c in answered})
    x = 20 + 2 * frames[1] + 2.0  # near the left edge of the square, whose upper half is cut off
    rounds = correct(run, Correction("a", "1", frames[1], "clicks", 1, box_px=(x - 4, 45.0, x + 32, 63.0)))
    changed = {one.frame_idx for one in rounds.superseded}
    assert frames[1] in changed
    assert len(changed) > 3
    assert frames[0] not in changed  # the localized frame
    now = candidates(run)
    assert set(now) >= set(answered)
    assert [c for c in now if c.frame_idx == frames[0]] == [c for c in before if c.frame_idx == frames[0]]
    open_before = {c for c in before if c.frame_idx in changed} - set(answered)
    assert not open_before & set(now)
    new = [c for c in now if c not in before]
    assert {c.round for c in new} == {1}
    shown = {mask.frame_idx: mask for mask in rounds.masks}
    assert {c.frame_idx for c in new} <= changed & shown.keys() - {c.frame_idx for c in answered}
    assert all(c.is_fg_candidate == bool(shown[c.frame_idx].decode()[c.y, c.x]) for c in new)
    assert all(run.frame_file("a", c.frame_idx).is_file() for c in new)


def test_candidates_that_a_round_did_not_come_to_are_drawn_by_the_next_call_with_the_same_bytes(run: RunFolder) -> None:
    video = videos_of(run)[0]
    file = unit_file(run, tables.CANDIDATES, video)
    before = file.read_bytes()
    correct(run, absent(6))
    done = file.read_bytes()
    assert done != before
    assert round_of(file) == 1
    file.write_bytes(before)  # ended between the masks and the candidates
    correct(run)
    assert file.read_bytes() == done
    correct(run)
    assert file.read_bytes() == done


def test_what_resample_draws_is_of_the_present_round(run: RunFolder) -> None:
    correct(run, absent(6))
    resample(run, points=6)
    file = unit_file(run, tables.CANDIDATES, videos_of(run)[0])
    assert round_of(file) == 1
    drawn = file.read_bytes()
    correct(run)
    assert file.read_bytes() == drawn

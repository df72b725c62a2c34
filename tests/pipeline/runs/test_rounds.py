"""Rounds on disk: whole or not there, read back one by one, taken back without loss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.runs.commit import write_unit
from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from pipeline.runs.rounds import VideoRounds, commit_round, move_unit, undoing, write_corrections
from pipeline.runs.units import unit_file, videos_of
from schemas import tables
from schemas.corrections import Correction
from schemas.localizations import Clicks, Localization
from schemas.masks import Mask, encode_rle
from schemas.videos import Video

VIDEO = Video("clips/a b", "a.mp4", 5, 4, 6, 5.0, 1.0, "h264", 0, 2, unit="0123456789abcdef")
HINTS = [Localization(VIDEO.video_id, one, 0, Clicks(((1.0, 1.0),), (1,)), group="objects") for one in ("1", "2")]


def mask(object_id: str, frame_idx: int, column: int = 0, round_: int = 0, source: str = "propagator") -> Mask:
    drawing = np.zeros((4, 6), dtype=bool)
    drawing[:, column] = True
    return Mask(VIDEO.video_id, object_id, frame_idx, 4, 6, encode_rle(drawing), source, "flow", 0.5, round_)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path)
    (tmp_path / "run.yaml").write_text("run_id: r\nconfig_hash: c\n")
    masks = [mask(one, idx) for one in ("1", "2") for idx in range(5)]
    parts = [
        (tables.LOCALIZATIONS, HINTS), (tables.MASKS, masks), (tables.REPAIRS, []), (tables.CANDIDATES, []),
        (tables.REJECTS, []), (tables.VIDEOS, [VIDEO]),
    ]  # fmt: skip
    write_unit(run, unit_name(VIDEO.video_id, VIDEO.unit), parts)
    return run


def clicks(frame_idx: int, number: int) -> Correction:
    return Correction(VIDEO.video_id, "1", frame_idx, "clicks", number, (1.0,), (1.0,), (1,))


def do(run: RunFolder, *corrections: Correction, **changes: Mask | None) -> VideoRounds:
    """A round that changes masks of object 1, by frame: ``f3=mask``."""
    rounds = VideoRounds.read(run, VIDEO)
    write_corrections(run, VIDEO, [*rounds.corrections, *corrections])
    rounds = VideoRounds.read(run, VIDEO)
    return commit_round(run, VIDEO, rounds, {("1", int(name[1:])): one for name, one in changes.items()})


def test_every_round_is_read_back_as_it_was(run: RunFolder) -> None:
    states = [VideoRounds.read(run, VIDEO).at(0)]
    states.append(do(run, clicks(3, 1), f3=mask("1", 3, 2), f4=mask("1", 4)).at(1))
    states.append(do(run, clicks(2, 2), f2=None, f3=mask("1", 3, 4)).at(2))
    rounds = VideoRounds.read(run, VIDEO)
    assert (rounds.number, rounds.pending) == (2, ())
    assert [rounds.at(number) for number in range(3)] == states
    assert [(one.frame_idx, one.round) for one in rounds.masks if one.object_id == "1"] == [
        (0, 0),
        (1, 0),
        (3, 2),
        (4, 0),
    ]
    assert [one for one in rounds.masks if one.object_id == "2"] == [mask("2", idx) for idx in range(5)]
    assert rounds.annotated("1", [0]) == {0, 2, 3}


def test_a_round_that_was_cut_off_is_done_again_with_the_same_bytes(run: RunFolder) -> None:
    write_corrections(run, VIDEO, [clicks(3, 1)])
    files = [unit_file(run, table, VIDEO) for table in (tables.MASKS, tables.SUPERSEDED)]
    before = files[0].read_bytes()
    rounds = VideoRounds.read(run, VIDEO)
    commit_round(run, VIDEO, rounds, {("1", 3): mask("1", 3, 2)})
    done = [file.read_bytes() for file in files]
    files[0].write_bytes(before)  # ended between the two files
    cut_off = VideoRounds.read(run, VIDEO)
    assert (cut_off.number, cut_off.superseded, cut_off.pending) == (0, (), (clicks(3, 1),))
    commit_round(run, VIDEO, cut_off, {("1", 3): mask("1", 3, 2)})
    assert [file.read_bytes() for file in files] == done


def test_rounds_are_taken_back_one_after_the_other(run: RunFolder) -> None:
    first = {(m.object_id, m.frame_idx): m.rle for m in VideoRounds.read(run, VIDEO).masks}
    do(run, clicks(3, 1), f3=mask("1", 3, 2))
    one = {(m.object_id, m.frame_idx): m.rle for m in VideoRounds.read(run, VIDEO).masks}
    do(run, clicks(4, 2), f4=None)
    for number, expected in ((3, one), (4, first)):
        rounds = VideoRounds.read(run, VIDEO)
        to_round = rounds.undone_to()
        assert to_round is not None
        row = Correction(VIDEO.video_id, "", 0, "undo", number, to_round=to_round)
        write_corrections(run, VIDEO, [*rounds.corrections, row])
        commit_round(run, VIDEO, replace(rounds, corrections=(*rounds.corrections, row)), undoing(rounds, to_round))
        assert {(m.object_id, m.frame_idx): m.rle for m in VideoRounds.read(run, VIDEO).masks} == expected
    rounds = VideoRounds.read(run, VIDEO)
    assert (rounds.undone_to(), rounds.in_effect, rounds.annotated("1", [0])) == (None, (), {0})


def test_a_unit_moves_with_its_rounds(run: RunFolder) -> None:
    do(run, clicks(3, 1), f3=mask("1", 3, 2))
    before = VideoRounds.read(run, VIDEO)
    moved = move_unit(run, VIDEO, "fedcba9876543210", HINTS[:1])
    assert VideoRounds.read(run, moved) == before
    assert [(one.unit, one.n_objects) for one in videos_of(run)] == [("fedcba9876543210", 1)]
    assert run.committed() == {VIDEO.video_id: "fedcba9876543210"}
    assert not list(run.local.glob(f"*/*{VIDEO.unit}*"))


def test_a_unit_that_is_dropped_takes_its_rounds_with_it(run: RunFolder) -> None:
    do(run, clicks(3, 1), f3=mask("1", 3, 2))
    run.drop_unit(VIDEO.video_id, VIDEO.unit)
    assert not list(run.local.glob("*/*.parquet"))

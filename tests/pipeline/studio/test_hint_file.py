"""Hints are written with every change, as a file that ``annotate`` reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.studio.hint_file import HintFile, localizations
from schemas.localizations import Box, Clicks, Scribble
from stages.ingest.registry import read_localizations
from verification_ui.gate.refusals import Refusal
from verification_ui.studio.records import Hint

DOG = Hint("1", 4, ((10, 20, 1), (3, 4, 0)), (5.0, 6.0, 30.0, 40.0), (((0.1, 0.2), (0.3, 0.4)),), "dog <b>")
CAT = Hint("2", 4, ((50, 60, 1),), name="cat")


def test_what_is_put_in_is_read_again_by_the_book_and_by_annotate(tmp_path: Path) -> None:
    hints = HintFile(tmp_path / "hints.json")
    hints.put("clips/a b", DOG)
    hints.put("clips/a b", CAT)
    assert HintFile.read(hints.path).of("clips/a b") == (DOG, CAT)
    found, rejects = read_localizations(hints.path)
    assert not rejects
    assert [(one.object_id, one.frame_idx, one.object_name, type(one.hint)) for one in found] == [
        ("1", 4, "dog <b>", Clicks), ("1", 4, "dog <b>", Box), ("1", 4, "dog <b>", Scribble), ("2", 4, "cat", Clicks),
    ]  # fmt: skip
    assert found == localizations("clips/a b", (DOG, CAT), str(hints.path)).localizations


def test_an_empty_hint_removes_what_was_there(tmp_path: Path) -> None:
    hints = HintFile(tmp_path / "hints.json")
    hints.put("a", DOG)
    hints.put("a", Hint("1", 4))
    assert HintFile.read(hints.path).of("a") == ()


def test_a_new_name_and_a_removal_reach_all_frames_of_an_object(tmp_path: Path) -> None:
    hints = HintFile(tmp_path / "hints.json")
    for frame in (0, 9):
        hints.put("a", Hint("1", frame, ((1, 1, 1),)))
    hints.put("a", CAT)
    hints.rename("a", "1", "horse")
    assert [hint.name for hint in HintFile.read(hints.path).of("a")] == ["horse", "cat", "horse"]
    assert [hint.frame_idx for hint in hints.remove("a", "1")] == [0, 9]
    assert HintFile.read(hints.path).of("a") == (CAT,)


def test_a_box_with_a_click_off_the_object_is_a_hint(tmp_path: Path) -> None:
    parsed = localizations("a", (Hint("1", 0, ((5, 5, 0),), (0.0, 0.0, 9.0, 9.0)),), "hints.json")
    assert [one.hint for one in parsed.localizations] == [Clicks(((5, 5),), (0,)), Box((0.0, 0.0, 9.0, 9.0))]


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "hints.json").write_text("[1, 2]")
    with pytest.raises(Refusal, match="is not a file of hints"):
        HintFile.read(tmp_path / "hints.json")

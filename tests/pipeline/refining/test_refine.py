"""What people said of masks becomes better masks, once, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.refining.answers import AnswersInFile, AnswersInRun
from pipeline.runs.folder import RunFolder
from pipeline.runs.rounds import VideoRounds, write_corrections
from pipeline.runs.units import unit_file, unit_records
from schemas import tables
from schemas.corrections import Correction
from schemas.localizations import Box, Clicks, Localization
from schemas.masks import Mask, encode_rle
from schemas.videos import Video
from tests.kills import contents
from tests.pipeline.refining.conftest import Refine, Say, label, labels, truth

Masks = dict[tuple[str, int], Mask]


def masks_of(run: RunFolder, video: Video) -> Masks:
    return {(mask.object_id, mask.frame_idx): mask for mask in unit_records(run, tables.MASKS, video)}


def iou(masks: Masks, frame_idx: int) -> float:
    one, other = masks["1", frame_idx].decode(), truth(frame_idx)
    return float((one & other).sum() / (one | other).sum())


def clicks(frame_idx: int, *points: tuple[float, float, int], object_id: str = "1") -> Localization:
    hint = Clicks(tuple((x, y) for x, y, _ in points), tuple(label for _, _, label in points))
    return Localization("a", object_id, frame_idx, hint, input_uri="clicks.json")


def test_contradicted_masks_are_corrected_and_their_neighbours_with_them(
    run: RunFolder, video: Video, say: Say, refine_here: Refine
) -> None:
    before = masks_of(run, video)
    say(labels(8))
    found = refine_here()
    after = masks_of(run, video)
    assert (found.n_rounds, found.n_corrections, found.n_flagged, found.n_points) == (1, 1, 0, len(labels(8)))
    drawing = after["1", 8].decode()
    assert all(drawing[one.y, one.x] == bool(one.label) for one in labels(8))
    assert (after["1", 8].source, after["1", 8].quality) == ("human", 1.0)
    assert all(iou(after, idx) > iou(before, idx) + 0.2 for idx in range(7, 12))
    assert after["1", 0] == before["1", 0]  # the localized frame
    (row,) = unit_records(run, tables.CORRECTIONS, video)
    assert set(zip(row.x, row.y, row.label, strict=True)) == {
        (one.x, one.y, 1) for one in labels(8) if one.label and one.y >= 46
    }


def test_without_news_it_does_nothing(run: RunFolder, say: Say, refine_here: Refine) -> None:
    say([*labels(6), *labels(9)])
    assert refine_here().n_rounds == 1
    once = contents(Path(str(run.path)))
    assert refine_here().n_rounds == 0
    assert contents(Path(str(run.path))) == once


def test_frames_behind_one_that_points_confirmed_stay_as_they_are(
    run: RunFolder, video: Video, say: Say, refine_here: Refine
) -> None:
    confirmed = [one for one in labels(6) if not one.label or one.y < 46]
    asked = unit_records(run, tables.CANDIDATES, video)[0]
    doubts = [
        type(asked)(one.candidate_id, "a", "1", 6, one.x, one.y, bool(one.label), "uncertain", 1.0, 3.0, 0.5, 0, 0)
        for one in confirmed
    ]
    rows = [*unit_records(run, tables.CANDIDATES, video), *doubts]
    tables.CANDIDATES.write(unit_file(run, tables.CANDIDATES, video), rows, run.metadata())
    before = masks_of(run, video)
    say([*confirmed, *labels(9)])
    refine_here()
    after = masks_of(run, video)
    assert [idx for idx in range(12) if after["1", idx] != before["1", idx]] == [7, 8, 9, 10, 11]


def test_a_mask_that_all_points_speak_against_is_taken_away(
    run: RunFolder, video: Video, say: Say, refine_here: Refine
) -> None:
    say([label(9, one.x, one.y, is_on=False) for one in labels(9)])
    refine_here()
    (row,) = unit_records(run, tables.CORRECTIONS, video)
    assert row.kind == "absent"
    assert ("1", 9) not in masks_of(run, video)


def test_a_point_on_one_object_takes_the_pixel_from_those_that_exclude_it(
    run: RunFolder, video: Video, say: Say, refine_here: Refine
) -> None:
    other = np.zeros((96, 128), dtype=bool)
    other[46:62, 36:80] = True  # on what the masks of the square lack on frame 8
    masks = [*unit_records(run, tables.MASKS, video)]
    masks.append(Mask("a", "2", 8, 96, 128, encode_rle(other), "propagator", "flow", 0.5))
    tables.MASKS.write(unit_file(run, tables.MASKS, video), masks, run.metadata())
    hints = unit_file(run, tables.LOCALIZATIONS, video)
    rows = [clicks(0, (36, 46, 1)), clicks(0, (100, 80, 1), object_id="2")]
    grouped = [Localization("a", one.object_id, 0, one.hint, group="objects") for one in rows]
    tables.LOCALIZATIONS.write(hints, grouped, run.metadata())
    say([*labels(8), label(8, 78, 50, is_on=True, object_id="2")])
    assert refine_here().n_flagged == 0
    after = masks_of(run, video)
    square, second = after["1", 8].decode(), after["2", 8].decode()
    assert all(square[one.y, one.x] == bool(one.label) for one in labels(8))
    assert not any(second[one.y, one.x] for one in labels(8) if one.label)
    assert second[50, 78]
    assert not (square & second).any()


def test_points_that_contradict_each_other_are_flagged_and_tried_once(
    run: RunFolder, video: Video, say: Say, refine_here: Refine
) -> None:
    say([*labels(8), label(8, 40, 40, is_on=True), label(8, 40, 40, is_on=False)])
    found = refine_here()
    assert found.n_flagged == 1
    (flag,) = unit_records(run, tables.FLAGS, video)
    assert (flag.object_id, flag.frame_idx, flag.n_points, flag.n_wrong) == ("1", 8, len(labels(8)) + 2, 1)
    once = contents(Path(str(run.path)))
    assert (refine_here().n_rounds, contents(Path(str(run.path)))) == (0, once)
    say(labels(8))
    assert refine_here().n_flagged == 0
    assert not unit_records(run, tables.FLAGS, video)


def test_clicks_from_files_count_once_and_what_cannot_be_used_is_rejected(
    run: RunFolder, video: Video, refine_here: Refine
) -> None:
    box = Localization("a", "1", 5, Box((1.0, 1.0, 9.0, 9.0)), input_uri="clicks.json")
    given = [clicks(8, (50, 56, 1)), clicks(8, (60, 56, 1), object_id="7"), box]
    found = refine_here(*given)
    assert (found.n_rounds, found.n_corrections) == (1, 1)
    assert [(one.key, one.error) for one in found.rejects] == [("a/7@8", "unknown_object"), ("a/1@5", "not_clicks")]
    assert masks_of(run, video)["1", 8].decode()[56, 50]
    assert refine_here(*given).n_rounds == 0
    assert refine_here(clicks(8, (50, 56, 1), (44, 33, 0))).n_corrections == 1


def test_waiting_corrections_of_the_studio_and_news_are_one_round(
    run: RunFolder, video: Video, say: Say, refine_here: Refine
) -> None:
    waiting = Correction("a", "1", 5, "clicks", 1, (40.0,), (56.0,), (1,))
    write_corrections(run, video, [waiting])
    say(labels(9))
    found = refine_here()
    assert (found.n_rounds, found.n_corrections) == (1, 2)
    rounds = VideoRounds.read(run, video)
    assert {one.frame_idx for one in rounds.in_effect} == {5, 9}
    assert rounds.corrections[0] == waiting


def test_what_was_done_before_the_work_stopped_is_kept_and_counted(
    run: RunFolder, video: Video, refine_here: Refine
) -> None:
    absent, unknown = Correction("a", "1", 9, "absent", 1), Correction("a", "2", 3, "add", 2)
    write_corrections(run, video, [absent, unknown])
    found = refine_here()
    assert found.problem == "object 2 has no hint on this frame"
    assert (found.n_rounds, found.n_corrections, ("1", 9) in masks_of(run, video)) == (1, 1, False)
    assert found.n_masks > 0


def test_answers_are_found_in_a_file_of_hashes_as_in_the_tables(run: RunFolder, video: Video, tmp_path: Path) -> None:
    from tests.pipeline.refining.test_candidates import answer

    ids = [c.candidate_id for c in unit_records(run, tables.CANDIDATES, video)]
    answer(run, ids[::3])
    in_file = AnswersInFile.collect(run, tmp_path / "answers.npy")
    assert in_file(ids) == AnswersInRun(run)(ids) == set(ids[::3])
    assert in_file([]) == frozenset()

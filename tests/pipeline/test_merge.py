from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.console import UsageProblem
from pipeline.merge import merge
from pipeline.simulate import simulate
from schemas import tables
from schemas.reviews import Verdict


def points(run):
    return tables.POINTS.records(tables.POINTS.read(run))


def test_points_carry_words_models_time_and_labels(finished_run, tmp_path):
    simulate(finished_run, tmp_path / "truth", 0.0, 0)
    merge(finished_run, 0.0)
    found = points(finished_run)
    verdicts = {v.candidate_id: v.status for v in tables.VERDICTS.records(tables.VERDICTS.read(finished_run))}
    assert {p.candidate_id: p.status for p in found} == verdicts
    assert {(p.object_id, p.object_name) for p in found} == {("1", "thing 1"), ("2", "thing 2")}
    assert {(p.segmenter, p.propagator, p.split, p.n_verdicts) for p in found} == {("grabcut", "flow", "train", 1)}
    assert all(p.time_s == p.frame_idx / 10 for p in found)
    assert tables.POINTS.read_files(sorted((finished_run / "points").glob("*"))).num_rows == len(found)


def test_a_person_changes_exactly_the_points_that_she_answers(finished_run, tmp_path):
    simulate(finished_run, tmp_path / "truth", 0.0, 0)
    merge(finished_run, 0.1)
    before = {p.candidate_id: p for p in points(finished_run)}
    chosen = [p for p in before.values() if p.status == "ACCEPTED"][:2]
    human = [
        Verdict(p.candidate_id, "REJECTED", "ann", "label_studio", 1.0, "t", "7", datetime(2026, 1, 1, tzinfo=UTC))
        for p in chosen
    ]
    tables.VERDICTS.write(finished_run / "verdicts" / "label_studio.parquet", human)
    merge(finished_run, 0.1)
    after = {p.candidate_id: p for p in points(finished_run)}
    assert {key for key in after if after[key] != before[key]} == {p.candidate_id for p in chosen}


def test_merging_again_makes_the_points_anew(finished_run, tmp_path):
    simulate(finished_run, tmp_path / "truth", 0.0, 0)
    merge(finished_run, 0.1)
    first = {p.name: p.read_bytes() for p in (finished_run / "points").iterdir()}
    (finished_run / "points" / "stale.parquet").write_bytes(next(iter(first.values())))
    merge(finished_run, 0.1)
    assert {p.name: p.read_bytes() for p in (finished_run / "points").iterdir()} == first


def test_a_run_without_verdicts_and_a_folder_without_a_run_are_wrong_usage(finished_run, tmp_path):
    with pytest.raises(UsageProblem, match="has no verdicts"):
        merge(finished_run, 0.1)
    with pytest.raises(UsageProblem, match="is not a run folder"):
        merge(tmp_path / "nothing", 0.1)

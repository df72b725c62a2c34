from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.runs import partitioning
from pipeline.runs.annotators import annotators_of, answered_by_none_but
from pipeline.runs.folder import RunFolder
from schemas import tables
from schemas.reviews import Verdict

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
ANSWERS = {
    "t0": ("al",),
    "t1": ("al", "bo"),
    "t2": ("bo", "al", "bo"),
    "t3": ("cy",),
    "t4": ("al", "cy"),
    "t5": ("bo",),
}


@pytest.mark.parametrize("part_rows", [1, 4, 200_000])
def test_tasks_that_only_some_people_answered_are_found_piece_by_piece(tmp_path, monkeypatch, part_rows):
    monkeypatch.setattr(partitioning, "PART_ROWS", part_rows)
    given = [
        Verdict(f"c{i}-{task}", "ACCEPTED", name, "label_studio", 1.0, task, str(i), WHEN)
        for i in range(3)
        for task, names in ANSWERS.items()
        for name in names
    ]
    tables.VERDICTS.write(tmp_path / "verdicts" / "label_studio-0.parquet", given)
    run = RunFolder(tmp_path)
    assert annotators_of(run) == {"al", "bo", "cy"}
    assert answered_by_none_but(run, ["al"], 1) == {"t0"}
    assert answered_by_none_but(run, ["al", "bo"], 1) == {"t0", "t1", "t2", "t5"}
    assert answered_by_none_but(run, ["al", "bo"], 2) == {"t1", "t2"}
    assert answered_by_none_but(run, ["di"], 1) == frozenset()

from __future__ import annotations

import os
import time

import pytest

from pipeline.runs.joining import drop_joined, join_table
from schemas import tables
from schemas.joined_files import joined_files
from schemas.rejects import Reject

REJECT = Reject("decode", "v", "empty_file", "it is empty", "v.mp4")
LONG_AGO_S = 1_000_000_000


def write(run, *stems):
    for stem in stems:
        tables.REJECTS.write(run / "rejects" / f"{stem}.parquet", [REJECT])


@pytest.mark.parametrize("changed_s", [LONG_AGO_S, None])
def test_what_joins_and_parts_files_is_seen_at_once(tmp_path, changed_s):
    """Whether the folder was at rest when it was looked at first, or not."""
    write(tmp_path, "a.0", "b.0")
    if changed_s:
        os.utime(tmp_path / "rejects", (changed_s, changed_s))
    assert not tables.REJECTS.has_unit(tmp_path, "c.0")
    assert joined_files(tmp_path / "rejects") == []
    join_table(tmp_path, tables.REJECTS, {"a.0", "b.0"})
    assert tables.REJECTS.read_unit(tmp_path, "a.0").num_rows == 1
    drop_joined(tmp_path, tables.REJECTS, {"a.0"})
    assert not tables.REJECTS.has_unit(tmp_path, "a.0")
    assert tables.REJECTS.has_unit(tmp_path, "b.0")
    assert joined_files(tmp_path / "none") == []


def test_a_video_without_rows_costs_no_more_in_a_large_folder(tmp_path):
    large, small = tmp_path / "large", tmp_path / "small"
    write(large, "a.0")
    write(small, "a.0")
    for number in range(3000):
        os.link(large / "rejects" / "a.0.parquet", large / "rejects" / f"b.{number}.parquet")
    for run in (large, small):
        os.utime(run / "rejects", (LONG_AGO_S, LONG_AGO_S))
    assert cpu_s(large) < 5 * cpu_s(small) + 0.02


def cpu_s(run) -> float:
    """Of looking for the rows of 100 videos that have none."""
    began = time.process_time()
    assert sum(tables.REJECTS.read_unit(run, f"none.{number}").num_rows for number in range(100)) == 0
    return time.process_time() - began

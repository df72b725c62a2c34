from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from pipeline.statistics.cut_losses import lost_in_run, lost_to_cuts
from schemas import tables


@pytest.mark.parametrize(
    ("cuts", "masks", "expected"),
    [
        ([], [("1", 0)], 0),
        ([4], [("1", 0), ("1", 3)], 6),
        ([4], [("1", 4)], 4),
        ([4], [("1", 0), ("1", 9)], 0),
        ([4], [("1", 0), ("2", 5)], 10),
        ([4, 7], [("1", 5)], 7),
        ([4], [], 0),
    ],
)
def test_shots_that_have_no_mask_of_an_object_are_lost_to_it(cuts, masks, expected):
    assert lost_to_cuts(cuts, 10, masks) == expected


def test_a_run_counts_its_videos_that_have_cuts(finished_run):
    folder = RunFolder(finished_run)
    assert lost_in_run(folder) == 0
    file = folder.table_file(tables.VIDEOS, unit_name("a", "0123"))
    (video,) = tables.VIDEOS.records(tables.VIDEOS.read_files([file]))
    tables.VIDEOS.write(file, [replace(video, n_frames=20, cuts=(12, 15))])
    assert lost_in_run(folder) == 2 * 8

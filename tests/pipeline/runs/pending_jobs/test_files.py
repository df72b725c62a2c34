"""Jobs come back from their files as they were, whatever kind their hints are of."""

from __future__ import annotations

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.util import assert_that, equal_to

from pipeline.runs.pending_jobs.files import JOBS_A_FILE, read_jobs, write_jobs
from pipeline.runs.pending_jobs.transform import ReadInputs
from schemas.jobs import VideoJob
from schemas.localizations import (
    SEEN,
    Box,
    Clicks,
    Expression,
    Localization,
    MaskHint,
    Outline,
    Scribble,
    Trace,
)
from schemas.remote_paths import RemotePath
from schemas.video_files import VideoFile
from tests.object_stores import MemoryStore

HINTS = (
    Trace((((0.1, 1 / 3), (0.2, 0.7)), ((0.5, 0.5),)), ((1700000000001, 1700000000020), (1700000000300,))),
    Clicks(((5.0, 7.25), (1.0, 2.0)), (1, 0)),
    Box((0.0, 1.5, 20.0, 30.25)),
    Scribble((((0.1, 0.2),), ((0.3, 0.4), (0.5, 0.6))), (1, 0)),
    MaskHint("04", 2, 2),
    Outline((((0.0, 0.0), (1.0, 0.0), (0.5, 1.0)),)),
    Expression(("a dog", "der Hund"), anywhere=False, every=True),
)


def jobs(n: int = 3) -> list[VideoJob]:
    found = []
    for number in range(n):
        file = VideoFile(f"clips/ä {number}", f"/data/ä {number}", ("1.jpg", "10.jpg"), 12345)
        localizations = tuple(
            Localization(file.video_id, str(i), i, hint, "dog", "the dog", "g", SEEN, "in.json", noun_span=(4, 7))
            for i, hint in enumerate(HINTS)
        )
        found.append(VideoJob(file, localizations, f"{number:016x}"))
    return found


@pytest.mark.parametrize("is_remote", [False, True])
def test_every_kind_of_hint_comes_back_as_it_was(tmp_path, is_remote):
    folder = RemotePath("s3://bucket/run/.work", MemoryStore()) if is_remote else tmp_path
    (file,) = write_jobs(folder, jobs())
    assert read_jobs(file) == jobs()
    assert repr(read_jobs(file)) == repr(jobs())


def test_a_graph_reads_the_jobs_of_all_files_and_holds_only_their_names(tmp_path):
    many = jobs(2 * JOBS_A_FILE + 1)
    files = write_jobs(tmp_path, many)
    assert [len(read_jobs(file)) for file in files] == [JOBS_A_FILE, JOBS_A_FILE, 1]
    with BeamPipeline(runner="FnApiRunner") as pipeline:
        assert_that(pipeline | beam.Create(files) | ReadInputs(), equal_to(many))
        assert len(pipeline.to_runner_api().SerializeToString()) < 50_000

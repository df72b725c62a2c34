"""The graph of ``annotate`` as a Beam pipeline: composed, retried, repeated."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.util import assert_that, equal_to

from pipeline.config import RunConfig, load_config
from pipeline.graph import AnnotateVideos
from pipeline.runs.filesystems import open_binary
from pipeline.runs.folder import RunFolder
from pipeline.runs.inputs import read_inputs
from pipeline.runs.transform import WriteTablesDoFn
from schemas import tables
from schemas.elements import TrackedBatches
from schemas.jobs import VideoJob
from stages.backends.handlers import SharedModel
from stages.backends.localizers import load_localizer
from stages.backends.propagators import load_propagator
from stages.backends.segmenters import load_segmenter
from stages.localize.transform import LocalizeExpressionsDoFn
from stages.propagate.batches import PropagateOptions
from stages.propagate.joining.transform import ResolveOverlapsDoFn, ResolveWhenWholeDoFn
from stages.propagate.transform import PropagateMasksDoFn
from stages.sample_points.transform import SamplePointsDoFn
from stages.segment.batches import split_objects
from stages.segment.transform import SegmentLocalizationsDoFn
from stages.transform import StageDoFn

POINTS = {"1": (36, 46), "2": (110, 80), "3": (6, 60)}


@pytest.fixture(scope="module")
def crowd(corpus, tmp_path_factory) -> Path:
    """Clicks on three objects of every video of the corpus, on two frames."""
    rows = [{"object_id": name, "x": x, "y": y, "label": 1} for name, (x, y) in POINTS.items()]
    frames = [{"frame": 0, "points": rows[:2]}, {"frame": 6, "points": rows[1:]}]
    file = tmp_path_factory.mktemp("crowd") / "clicks.json"
    file.write_text(json.dumps(dict.fromkeys(["a", "b", "sub/c", "broken"], frames)))
    return file


@pytest.fixture(scope="module")
def config(corpus, crowd) -> RunConfig:
    """The small baselines, two objects in a batch at most."""
    settings = {"models.segmenter": "grabcut", "models.propagator": "flow", "models.objects_a_pass": 2}
    places = {"videos": str(corpus), "localizations": str(crowd)}
    return load_config(None, {**places, **settings, "sampling.frames": 3, "sampling.points": 8})


@pytest.fixture(scope="module")
def jobs(config) -> list[VideoJob]:
    """No pixel belongs to two of the objects, which batches settle among each other."""
    found = read_inputs(config).jobs(config)
    return [replace(job, localizations=tuple(replace(one, group="all") for one in job.localizations)) for job in found]


@pytest.fixture
def new_run(config, tmp_path):
    """Make an empty run folder."""

    def create(name: str) -> RunFolder:
        run = RunFolder(tmp_path / name)
        run.create()
        run.config_file.write_text(config.to_yaml("00ff"))
        return run

    return create


def contents(run: RunFolder) -> dict[str, bytes]:
    """Everything that a run makes: its tables, and the frames that people look at."""
    files = [*run.path.rglob("*.parquet"), *run.path.rglob("*.jpg")]
    return {str(file.relative_to(run.path)): file.read_bytes() for file in files}


def annotate(run: RunFolder, config: RunConfig, jobs: list[VideoJob], done: list[str], spread: bool) -> None:
    with BeamPipeline("FnApiRunner") as pipeline:
        videos = pipeline | beam.Create(jobs) | beam.Reshuffle()
        assert_that(videos | AnnotateVideos(run, config, spread), equal_to(done))


def test_the_graph_commits_every_video_and_rejects_what_is_broken(config, jobs, new_run, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"")
    broken = VideoJob(jobs[0].file.__class__("broken", str(tmp_path / "broken.mp4")), jobs[0].localizations, "f" * 16)
    run = new_run("run")
    annotate(run, config, [*jobs, broken], ["a", "b", "sub/c"], spread=True)
    assert run.committed() == {job.video_id: job.unit for job in jobs}
    rejects = tables.REJECTS.records(tables.REJECTS.read(run.path))
    assert [(r.stage, r.key, r.error) for r in rejects] == [("decode", "broken", "empty_file")]


def test_batches_that_are_grouped_or_follow_each_other_or_are_jobs_of_their_own_give_the_same_bytes(
    config, jobs, new_run
):
    spread, in_order, apart = new_run("spread"), new_run("in_order"), new_run("apart")
    annotate(spread, config, jobs, ["a", "b", "sub/c"], spread=True)
    annotate(in_order, config, jobs, ["a", "b", "sub/c"], spread=False)
    batches = [batch for job in jobs for batch in job.by_batch(config.models.objects_a_pass)]
    assert len(batches) == 6
    annotate(apart, config, [*batches[1::2], *batches[::2]], ["a", "b", "sub/c"], spread=False)
    assert contents(spread) == contents(in_order) == contents(apart)
    assert len({m.object_id for m in tables.MASKS.records(tables.MASKS.read(spread.path))}) == 3


def test_a_job_that_starts_again_leaves_out_what_is_committed(config, jobs, new_run):
    run = new_run("run")
    annotate(run, config, jobs[:1], [jobs[0].video_id], spread=True)
    first = contents(run)
    annotate(run, config, jobs, [job.video_id for job in jobs[1:]], spread=True)
    assert len(run.committed()) == 3
    assert first.items() <= contents(run).items()


class Stages:
    """The DoFns of the graph, as a runner would hold them."""

    def __init__(self, run: RunFolder, config: RunConfig) -> None:
        segmenter = SharedModel(partial(load_segmenter, "grabcut"))
        options = PropagateOptions(config.repair, opener=open_binary)
        self.localize = LocalizeExpressionsDoFn(SharedModel(partial(load_localizer, "imagenet")), open_binary)
        self.segment = SegmentLocalizationsDoFn(segmenter, open_binary)
        self.propagate = PropagateMasksDoFn(SharedModel(partial(load_propagator, "flow")), segmenter, options)
        self.resolve = ResolveOverlapsDoFn()
        self.sample = SamplePointsDoFn(config.sampling)
        self.write = WriteTablesDoFn(run, config.jpeg_quality, open_binary)
        for stage in (self.localize, self.segment, self.propagate, self.resolve, self.sample, self.write):
            stage.setup()


def retried(stage: StageDoFn, element: object) -> object:
    """What the third attempt gives: the first was cut off behind its first result, the second is worked on too."""
    next(stage.process(element), None)
    (earlier,) = stage.process(element)
    (result,) = stage.process(element)
    assert result == earlier
    return result


def test_every_element_of_every_stage_may_be_retried(config, jobs, new_run):
    once, again = new_run("once"), new_run("again")
    annotate(once, config, jobs[:1], [jobs[0].video_id], spread=False)
    stages = Stages(again, config)
    placed = retried(stages.localize, jobs[0])
    seeds = [retried(stages.segment, batch) for batch in split_objects(placed, config.models.objects_a_pass)]
    tracks = tuple(retried(stages.propagate, batch) for batch in seeds)
    assert len(tracks) == 2
    sampled = retried(stages.sample, retried(stages.resolve, TrackedBatches(tracks[::-1])))
    retried(stages.write, sampled)
    assert contents(again) == contents(once)


def test_the_last_batch_of_a_video_makes_it_whole_and_so_do_two_that_come_last_together(config, jobs, new_run):
    run = new_run("run")
    stages = Stages(run, config)
    batches = [split_objects(next(stages.localize.process(job)), 2) for job in jobs[:2]]
    seeds = [next(stages.segment.process(batch)) for own in batches for batch in own]
    a0, a1, b0, b1 = [next(stages.propagate.process(batch)) for batch in seeds]
    collect = ResolveWhenWholeDoFn(run.batches)
    found = [list(collect.process(track)) for track in (a0, b0, b1, b0)]
    assert [len(videos) for videos in found] == [0, 0, 1, 1]
    assert found[2] == found[3] == list(stages.resolve.process(TrackedBatches((b0, b1))))
    assert [video.job for video in collect.process(a1)] == [jobs[0]]

"""The graphs over a run's tables: the same results in many parts as in one, with one part in memory at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.util import assert_that, equal_to

from pipeline.commands.review.planning import doubtful_of, planned
from pipeline.commands.review.session import ReviewSession
from pipeline.runs.folder import RunFolder
from pipeline.runs.partitioning import VerdictPartitioner, verdict_pieces
from pipeline.runs.ranges import in_ranges, reader, video_keys
from pipeline.runs.verdicts import read_verdicts
from pipeline.runs.video_review import review_of_video
from pipeline.table_graphs.merge import MergeVerdicts
from schemas import tables
from schemas.points import STATUSES
from schemas.reviews import ReviewTask, Verdict
from stages.consensus.aggregation import aggregate, answer_patterns
from stages.consensus.dawid_skene import fit
from stages.consensus.parts import VerdictParts
from stages.consensus.points import split_of
from stages.consensus.transform import AggregateVerdicts
from stages.evaluate.measures import measure_video
from stages.evaluate.transform import EvaluateVideos
from stages.export.mask_folder import MaskFolder, numbered
from stages.export.points.folder import ShardFolder
from stages.export.target import ExportTarget
from stages.export.transform import ExportMasks, ExportPoints
from tests.bench.corpus import POINTS_A_VIDEO, Corpus
from verification_ui.page.tasks import build_tasks
from verification_ui.queue.plan import Selection
from verification_ui.queue.transform import PlanTasks

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def run(finished_run, add_video) -> RunFolder:
    """Four videos; four people who err answered most candidates, some blindly or twice; some adjudicate."""
    folder = RunFolder(finished_run)
    for video_id in ("c", "d"):
        add_video(folder, video_id, ("1", "2"))
    random = np.random.default_rng(0)
    candidates = tables.CANDIDATES.records(tables.CANDIDATES.read(folder.path))
    given = [
        Verdict(c.candidate_id, _status(c, random), who, "label_studio", 1.0, "t", f"{who}{i}", _when(random))
        for who in ("al", "bo", "cy", "di")
        for i, c in enumerate(candidates)
        if random.random() < 0.8
    ]
    for design, step in (("single", 7), ("second_look", 5), ("adjudication", 11)):
        asked = [
            ReviewTask(f"{design}{i}", c.video_id, c.object_id, c.frame_idx, 0, design, (c.candidate_id,), 0.5)
            for i, c in enumerate(candidates[::step])
        ]
        tables.TASKS.write(folder.table_file(tables.TASKS, design), asked)
        given += [
            Verdict(t.candidate_ids[0], "REJECTED", "ed", "label_studio", 1.0, t.task_key, t.task_key, WHEN)
            for t in asked[::2]
        ]
    given.append(Verdict("0" * 32, "ACCEPTED", "al", "label_studio", 1.0, "t", "gone", WHEN))
    for number in range(3):  # of one candidate in several files, as of several projects
        tables.VERDICTS.write(folder.table_file(tables.VERDICTS, f"label_studio-{number}"), given[number::3])
    return folder


def _status(candidate, random) -> str:
    right = "ACCEPTED" if candidate.is_fg_candidate else "REJECTED"
    return right if random.random() < 0.8 else STATUSES[random.integers(3)]


def _when(random) -> datetime:
    return WHEN + timedelta(minutes=int(random.integers(100)))


def partitioned(run: RunFolder, tmp_path, n_parts: int) -> tuple[VerdictPartitioner, list[str]]:
    ranges = in_ranges(video_keys(run), 1)
    partitioner = VerdictPartitioner(run, tmp_path / "work", n_parts, len(ranges))
    return partitioner, [name for piece in (*verdict_pieces(run), *ranges) for name in partitioner.partition(piece)]


@pytest.mark.parametrize("excluded", [[], ["cy"]])
def test_parts_come_to_the_same_opinions_as_all_verdicts_together(run, tmp_path, excluded):
    partitioner, files = partitioned(run, tmp_path, 5)
    parts = [aggregate(partitioner.part(number, files), excluded, None) for number in range(5)]
    whole = aggregate(replace(partitioner.part(0, files), verdicts=read_verdicts(run)), excluded, None)
    opinions = {name: opinion for part in parts for name, opinion in part.opinions.items()}
    assert opinions == dict(whole.opinions)
    assert sum(part.n_conflicts for part in parts) == whole.n_conflicts == len(read_verdicts(run).conflicts(excluded))
    back = [partitioner.write_opinions(part) for part in parts]
    returned = [partitioner.opinions(number, back) for number in range(4)]
    for key, found in zip(video_keys(run), returned, strict=True):
        own = {c.candidate_id for c in tables.CANDIDATES.records(tables.CANDIDATES.read(run.path))
               if c.video_id == key.video_id}  # fmt: skip
        assert found == {name: opinion for name, opinion in opinions.items() if name in own}


def test_every_step_of_a_merge_may_be_repeated(run, tmp_path):
    partitioner, files = partitioned(run, tmp_path, 3)
    before = {path.name: path.read_bytes() for path in partitioner.folder.iterdir()}
    assert partitioned(run, tmp_path, 3)[1] == files
    assert {path.name: path.read_bytes() for path in partitioner.folder.iterdir()} == before
    back = [
        partitioner.write_opinions(aggregate(partitioner.part(number, files), [], None)) for number in (0, 1, 2, 1, 0)
    ]
    assert back[3:] == back[1::-1]


@pytest.mark.parametrize("is_weighed", [False, True])
def test_a_merge_in_many_parts_and_ranges_writes_the_points_of_one_in_a_single_part(run, tmp_path, is_weighed):
    def points(n_parts: int, n_videos: int) -> dict[str, bytes]:
        ranges = in_ranges(video_keys(run), n_videos)
        partitioner = VerdictPartitioner(run, tmp_path / f"work{n_parts}", n_parts, len(ranges))
        with beam.Pipeline(runner="FnApiRunner") as pipeline:
            pipeline | MergeVerdicts(partitioner, ranges, [], is_weighed, partial(split_of, val_share=0.5))
        return {path.name: path.read_bytes() for path in (run.path / "points").iterdir()}

    whole = points(1, 100)
    assert len(whole) == 4
    assert points(7, 1) == whole


def test_every_step_of_a_graph_is_counted(run, tmp_path):
    ranges = in_ranges(video_keys(run), 3)
    partitioner = VerdictPartitioner(run, tmp_path / "work", 2, len(ranges))
    pipeline = beam.Pipeline(runner="FnApiRunner")
    pipeline | MergeVerdicts(partitioner, ranges, [], False, partial(split_of, val_share=0.0))
    result = pipeline.run()
    result.wait_until_finish()
    counters = {(one.key.metric.namespace, one.key.metric.name): one.committed
                for one in result.metrics().query()["counters"]}  # fmt: skip
    assert counters == {
        ("PartitionVerdicts", "done"): len(list(verdict_pieces(run))) + len(ranges),
        ("AggregateVerdicts", "done"): 2,
        ("WritePoints", "done"): 4,
    }


def test_aggregation_waits_for_all_verdicts_and_counts_each_candidate_once(run, tmp_path):
    partitioner, files = partitioned(run, tmp_path, 3)
    with BeamPipeline(runner="FnApiRunner") as pipeline:
        names = pipeline | "Files" >> beam.Create(files)
        transform = AggregateVerdicts(
            VerdictParts(partitioner.part), partitioner.write_opinions, names, is_weighed=True
        )
        aggregated = pipeline | "Parts" >> beam.Create([0, 1, 2]) | transform
        total = aggregated | beam.Map(lambda found: found[1].n_opinions) | beam.CombineGlobally(sum)
        assert_that(total, equal_to([len(read_verdicts(run).deciding())]))


def test_rates_of_counted_patterns_do_not_depend_on_how_they_were_counted(run, tmp_path):
    partitioner, files = partitioned(run, tmp_path, 4)
    parts = [answer_patterns(partitioner.part(number, files), []) for number in range(4)]
    added = sum(parts[1:], parts[0])
    shuffled = dict(sorted(added.items(), reverse=True))
    one, other = fit(added), fit(shuffled)
    assert np.array_equal(one.confusion, other.confusion)
    assert one.n_rounds == other.n_rounds


def test_videos_are_measured_one_by_one(run, tmp_path):
    read = reader(run, tables.MASKS, tables.CANDIDATES)
    keys = video_keys(run)
    expected = [measure_video(read(key), tmp_path / "truth", "all-frames") for key in keys]
    assert [found.has_truth for found in expected] == [True, False, False, False]
    with BeamPipeline(runner="FnApiRunner") as pipeline:
        ranges = pipeline | beam.Create(in_ranges(keys, 2))
        assert_that(ranges | EvaluateVideos(read, tmp_path / "truth", "all-frames"), equal_to(expected))


def test_every_range_of_an_export_or_an_evaluation_may_be_worked_on_twice(run, tmp_path):
    read = reader(run, tables.POINTS, tables.CANDIDATES, tables.LOCALIZATIONS, tables.MASKS)
    points = ShardFolder(ExportTarget.prepare(tmp_path / "points"), "parquet_objects", "tiny", run.frame_file, True)
    masks = MaskFolder(ExportTarget.prepare(tmp_path / "masks"), "davis", numbered({"square"}))
    found = in_ranges(video_keys(run), 3)
    expected = [
        ExportPoints(read, points, True)._write(found[0]).n_points,
        [one.n_masks for one in ExportMasks(read, masks)._write(found[0])],
    ]
    before = {
        path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and run.path not in path.parents
    }
    with BeamPipeline(runner="FnApiRunner") as pipeline:
        ranges = pipeline | beam.Create([found[0]] * 2)
        written = ranges | ExportPoints(read, points, True) | "Counts" >> beam.Map(lambda one: one.n_points)
        assert_that(written, equal_to([expected[0]] * 2), "Points")
        drawn = ranges | ExportMasks(read, masks) | "Masks" >> beam.Map(lambda one: one.n_masks)
        assert_that(drawn, equal_to(expected[1] * 2), "MasksOfVideos")
    again = {path: path.read_bytes() for path in before}
    assert again == before
    assert {path.suffix for path in before} >= {".parquet", ".png", ".json"}


@pytest.mark.parametrize("design", ["contact_sheet", "single", "frame"])
def test_a_plan_in_ranges_has_the_tasks_of_all_candidates_in_the_order_of_the_queue(run, design):
    session = ReviewSession(run)
    with planned(session, Selection(design)) as push:
        tasks = list(push.plan.in_order(len(push.ranges)))
        assert push.n_tasks == len(tasks)
        before = {path: path.read_bytes() for path in push.plan.folder.iterdir()}
        again = PlanTasks(push.plan, partial(review_of_video, run, session.media), lambda _: None)
        assert [again._plan_range(found) for found in push.ranges] == list(push.counts)
        assert {path: path.read_bytes() for path in push.plan.folder.iterdir()} == before
        assert push.n_points == sum(len(task.candidate_ids) for task in tasks)
        first = tasks[0].task_key
        assert list(push.tasks(frozenset({first}))) == tasks[1:]
    assert tasks == build_tasks(session.asked(design), design)


def test_what_is_asked_again_is_found_part_by_part(run):
    session, verdicts = ReviewSession(run), read_verdicts(run)
    is_fg = {c.candidate_id: c.is_fg_candidate for c in tables.CANDIDATES.records(tables.CANDIDATES.read(run.path))}
    assert sorted(doubtful_of(session, "adjudication")) == sorted(verdicts.conflicts())
    excluded = ["al", "bo", "cy"]
    looks = doubtful_of(session, "second_look", excluded)
    assert sorted(looks) == sorted(verdicts.to_look_again(is_fg, excluded))
    assert len(looks) == 10
    assert looks.isdisjoint(verdicts.adjudicated(excluded))


@pytest.mark.slow
def test_memory_of_large_runs_stays_within_a_gigabyte(tmp_path):
    Corpus(tmp_path, 333).write()
    n_points, run = 333 * POINTS_A_VIDEO, tmp_path / "run"
    for command in (
        ("merge", "--run", run),
        ("merge", "--run", run, "--consensus", "dawid_skene"),
        ("export", "--run", run, "--format", "pointvos", "--out", tmp_path / "out"),
        ("evaluate", "--run", run, "--ground-truth", tmp_path / "truth", "--json", tmp_path / "scores.json"),
        ("stats", "--run", run),
    ):
        code = (
            "import re, sys; from pipeline.cli import app; sys.argv = ['pointvos', *sys.argv[1:]]\n"
            "try: app()\n"  # ru_maxrss would be that of the process which started this one, if it was larger
            "finally: print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], file=sys.stderr)"
        )
        line = [sys.executable, "-c", code, *map(str, command)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert int(done.stderr.split()[-1]) * 1024 < 1 << 30, command
    assert tables.POINTS.read(run, columns=["x"]).num_rows == n_points
    assert json.loads((tmp_path / "scores.json").read_text())["points"]["all"]["n"] > 0.9 * n_points

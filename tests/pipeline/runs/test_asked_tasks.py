"""Tasks that are partitioned into parts are those that the run holds, with the candidates that they ask about."""

from __future__ import annotations

import shutil

import pytest

from pipeline.commands.review.session import ReviewSession
from pipeline.runs import asked_tasks
from pipeline.runs.asked_tasks import current_keys, partition_tasks
from pipeline.runs.ranges import in_ranges
from schemas import tables
from schemas.gold import Gold
from tests.bench.corpus import Corpus
from verification_ui.page.tasks import build_tasks, queue_order
from verification_ui.queue.asked_tasks import part_of

DESIGN = "contact_sheet"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Three videos in two ranges, one gold among 1,800 candidates, 90 tasks in some ten parts."""
    corpus = Corpus(tmp_path / "c", 3)
    corpus.write()
    first = tables.CANDIDATES.records(tables.CANDIDATES.read(corpus.run.path))[0]
    status = "ACCEPTED" if first.is_fg_candidate else "REJECTED"
    gold = Gold("planted", first.candidate_id, not first.is_fg_candidate, status, "unanimous")
    tables.GOLD.write(corpus.run.path / "gold" / "gold.parquet", [gold])
    session = ReviewSession(corpus.run)
    session.write_tasks(DESIGN, sorted(build_tasks(session.asked(DESIGN), DESIGN), key=queue_order))
    monkeypatch.setattr(asked_tasks, "PART_POINTS", 200)
    monkeypatch.setattr(asked_tasks, "in_ranges", lambda keys: in_ranges(keys, 2))
    return corpus.run


def found(run):
    """Keys of every part, and all tasks and candidates."""
    with partition_tasks(run, ReviewSession(run).task_files(DESIGN)) as partitioned:
        keys = [sorted(partitioned.keys(number)) for number in range(len(partitioned.bounds) + 1)]
        parts = [partitioned.questions(number, of_part) for number, of_part in enumerate(keys)]
        assert all(part_of(partitioned.bounds, key) == number for number, of_part in enumerate(keys) for key in of_part)
    tasks = {key: task for some, _ in parts for key, task in some.items()}
    return keys, tasks, {name: candidate for _, some in parts for name, candidate in some.items()}


def test_all_parts_together_hold_every_task_and_what_it_asks_about(run):
    session = ReviewSession(run)
    keys, tasks, candidates = found(run)
    assert 8 < len(keys) < 12
    assert [key for of_part in keys for key in of_part] == sorted(tasks)
    assert tasks == {task.task_key: task for task in session.tasks(DESIGN)}
    assert len(tasks) == 90
    asked = {name for task in tasks.values() for name in task.candidate_ids}
    assert "planted" in asked
    assert candidates == {name: session.candidates[name] for name in asked}
    assert current_keys(run, session.task_files(DESIGN)) == set(tasks)


def test_tasks_that_have_lost_a_candidate_or_their_video_are_left_out(run):
    own = {task.task_key for task in ReviewSession(run).tasks(DESIGN) if task.video_id == "corpus/000001"}
    cut = tables.CANDIDATES.files(run.path)[0]
    kept = tables.CANDIDATES.read_files([cut]).slice(20)
    tables.CANDIDATES.write_rows(cut, kept.replace_schema_metadata(tables.CANDIDATES.marks({})))
    tables.VIDEOS.files(run.path)[2].unlink()
    keys, tasks, _ = found(run)
    assert len(tasks) == 59
    assert own < set(tasks)
    assert sorted(tasks) == [key for of_part in keys for key in of_part]
    assert set(tasks) == {task.task_key for task in ReviewSession(run).tasks(DESIGN)}


def test_a_design_that_was_never_asked_has_no_tasks(run):
    with partition_tasks(run, ReviewSession(run).task_files("frame")) as partitioned:
        assert not partitioned.has_any()
    assert current_keys(run, []) == frozenset()
    shutil.rmtree(run.path / tables.VIDEOS.name)
    with partition_tasks(run, ReviewSession(run).task_files(DESIGN)) as partitioned:
        assert not partitioned.has_any()

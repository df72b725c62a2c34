"""One question for several names of one thing: in the queue, and in the points."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.commands.review.planning import planned
from pipeline.commands.review.session import ReviewSession
from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_file, videos_of
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.localizations import Localization, Trace
from schemas.reviews import Verdict
from verification_ui.queue.plan import Selection


def name_as(run: RunFolder, names: dict[str, tuple[str, str]], x_norm: float = 0.4) -> None:
    """Make the objects of video ``a`` names of a narrative; object id → (group, rule)."""
    video = videos_of(run)[0]
    trace = Trace((((0.3, 0.4), (x_norm, 0.5)),), ((0, 10),))
    hints = [
        Localization("a", object_id, 0, trace, f"name {object_id}", f"name {object_id}", group, rule)
        for object_id, (group, rule) in names.items()
    ]
    tables.LOCALIZATIONS.write(unit_file(run, tables.LOCALIZATIONS, video), hints, run.metadata())


def with_masks_of(run: RunFolder, source: str, *others: str) -> None:
    """Give objects the masks and candidates of another one, under their own ids."""
    video = videos_of(run)[0]
    for table in (tables.MASKS, tables.CANDIDATES):
        rows = table.records(table.read_files([unit_file(run, table, video)]))
        own = [row for row in rows if row.object_id == source]
        copies = [
            replace(row, object_id=other)
            if table is tables.MASKS
            else replace(row, object_id=other, candidate_id=f"{other}-{row.candidate_id}")
            for other in others
            for row in own
        ]
        kept = [row for row in rows if row.object_id not in others]
        table.write(unit_file(run, table, video), [*kept, *copies], run.metadata())


@pytest.fixture
def narrated(finished_run):
    """Video ``a`` with an actor ``1``, its noun ``1n0`` that means it, and its noun ``1n1`` that may not."""
    run = RunFolder(finished_run)
    with_masks_of(run, "1", "1n0", "1n1")
    name_as(run, {"1": ("actors", "actor_trace"), "1n0": ("actors/1", "noun_trace"), "1n1": ("", "noun_trace")})
    return run


def test_names_of_one_thing_are_asked_once_and_counted(narrated):
    session = ReviewSession(narrated)
    for design in ("contact_sheet", "single"):
        asked = {c.object_id for c in session.asked(design) if c.video_id == "a"}
        assert asked == {"1", "2"}
    with planned(session, Selection("contact_sheet")) as push:
        assert push.held_back() == [("held back: duplicate names of an object", 2)]


def test_answers_count_for_the_names_that_mean_the_same_thing(pointvos, narrated):
    session = ReviewSession(narrated)
    verdicts = [
        Verdict(c.candidate_id, "ACCEPTED", "ann", "label_studio", 1.0, "t", f"{i}", datetime.now(UTC))
        for i, c in enumerate(session.asked("contact_sheet"))
        if c.object_id == "1"
    ]
    tables.VERDICTS.write(narrated.table_file(tables.VERDICTS, "1"), verdicts, narrated.metadata())
    answer = pointvos("merge", "--run", narrated.path)
    assert answer.returncode == 0, answer.stderr
    points = tables.POINTS.records(tables.POINTS.read(narrated.path))
    by_object = {o: [(p.frame_idx, p.x, p.y, p.label) for p in points if p.object_id == o] for o in ("1", "1n0", "1n1")}
    assert len(by_object["1"]) == len(verdicts) > 0
    assert by_object["1n0"] == by_object["1"]
    assert not by_object["1n1"]
    assert {p.object_name for p in points if p.object_id == "1n0"} == {"name 1n0"}
    assert f"points of duplicate object names  {len(verdicts)}" in answer.stdout


def test_unusable_masks_are_held_back_and_a_queue_of_nothing_else_is_refused(finished_run):
    run = RunFolder(finished_run)
    for video in videos_of(run):
        file = unit_file(run, tables.MASKS, video)
        masks = tables.MASKS.read_files([file])
        column = masks.schema.get_field_index("quality")
        low = masks.set_column(column, masks.schema.field(column), [[0.1] * masks.num_rows])
        tables.MASKS.write(file, tables.MASKS.records(low), run.metadata())
    session = ReviewSession(run)
    n_frames = len({(c.video_id, c.object_id, c.frame_idx) for c in session.candidates.values()})
    assert session.asked("contact_sheet") == []
    with planned(session, Selection("contact_sheet")) as push:
        assert push.held_back() == [("held back: unusable masks", n_frames)]
        with pytest.raises(UsageProblem, match=rf"unusable masks \({n_frames}\)"):
            push.require_tasks()


def test_of_two_nouns_with_one_mask_the_later_one_is_asked(narrated):
    name_as(narrated, {"1n0": ("", "noun_trace"), "1n1": ("", "noun_trace")})
    session = ReviewSession(narrated)
    assert {c.object_id for c in session.asked("contact_sheet") if c.video_id == "a"} == {"1", "1n1", "2"}

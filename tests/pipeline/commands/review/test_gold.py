from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from pipeline.commands.review.gold import plant_gold
from pipeline.commands.review.session import ReviewSession
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.reviews import Verdict
from verification_ui.page.annotations import Annotation, Mark
from verification_ui.page.decisions import decide
from verification_ui.page.tasks import build_tasks

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def golds(run):
    return tables.GOLD.records(tables.GOLD.read(run))


def test_gold_of_ground_truth_is_asked_in_place_of_what_it_shows(finished_run, tmp_path):
    n = plant_gold(RunFolder(finished_run), 0.5, tmp_path / "truth")
    planted = golds(finished_run)
    assert 5 < n == len(planted)
    session = ReviewSession(RunFolder(finished_run))
    sampled = {c.candidate_id: c for c in tables.CANDIDATES.records(tables.CANDIDATES.read(finished_run))}
    asked = {c.candidate_id: c for c in session.asked("contact_sheet")}
    assert len(asked) == len(sampled)
    assert set(sampled) - set(asked) == {g.of_candidate_id for g in planted}
    for gold in planted:
        shown, original = asked[gold.candidate_id], sampled[gold.of_candidate_id]
        assert (shown.x, shown.y, shown.is_fg_candidate) == (original.x, original.y, not original.is_fg_candidate)
        assert original.video_id == "a"  # the only video with ground truth


def test_planting_again_changes_nothing_and_more_adds_to_it(finished_run, tmp_path):
    folder = RunFolder(finished_run)
    plant_gold(folder, 0.2, tmp_path / "truth")
    first = (finished_run / "gold" / "gold.parquet").read_bytes()
    keys = [t.task_key for t in build_tasks(ReviewSession(folder).asked("contact_sheet"), "contact_sheet")]
    assert plant_gold(folder, 0.2, tmp_path / "truth") == 0
    assert (finished_run / "gold" / "gold.parquet").read_bytes() == first
    assert [t.task_key for t in build_tasks(ReviewSession(folder).asked("contact_sheet"), "contact_sheet")] == keys
    before = golds(finished_run)
    assert plant_gold(folder, 0.6, tmp_path / "truth") > 0
    assert golds(finished_run)[: len(before)] == before


def test_an_answer_to_gold_is_read_against_the_planted_claim(finished_run, tmp_path):
    plant_gold(RunFolder(finished_run), 0.3, tmp_path / "truth")
    session = ReviewSession(RunFolder(finished_run))
    planted = {g.candidate_id: g for g in golds(finished_run)}
    for task in build_tasks(session.asked("contact_sheet"), "contact_sheet"):
        hidden = [c for c in task.candidate_ids if c in planted]
        careful = Annotation("1", "al", False, 8.0, WHEN, (Mark("wrong", "r", tuple(hidden)),))
        verdicts, _ = decide(careful, task, session.candidates)
        assert {v.candidate_id: v.status for v in verdicts if v.candidate_id in planted} == {
            c: planted[c].true_status for c in hidden
        }


def test_what_people_agreed_on_is_known(finished_run, tmp_path):
    candidates = tables.CANDIDATES.records(tables.CANDIDATES.read(finished_run))[:10]
    said = [
        Verdict(
            c.candidate_id, "ACCEPTED" if c.is_fg_candidate else "REJECTED", who, "label_studio", 1.0, "t", who, WHEN
        )
        for c in candidates
        for who in ("al", "bo")
    ]
    shutil.rmtree(tmp_path / "truth")
    with pytest.raises(UsageProblem, match="gold questions need known answers"):
        plant_gold(RunFolder(finished_run), 0.5, None)
    tables.VERDICTS.write(finished_run / "verdicts" / "label_studio.parquet", said)
    assert plant_gold(RunFolder(finished_run), 1.0, None) == 10
    assert {g.known_by for g in golds(finished_run)} == {"unanimous"}

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from pipeline.commands.merge import ConsensusRule, merge
from pipeline.commands.simulate import simulate
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.gold import Gold
from schemas.reviews import ReviewTask, Verdict


def points(run):
    return tables.POINTS.records(tables.POINTS.read(run))


def test_points_carry_words_models_time_and_labels(finished_run, tmp_path):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.0)
    found = points(finished_run)
    verdicts = {v.candidate_id: v.status for v in tables.VERDICTS.records(tables.VERDICTS.read(finished_run))}
    assert {p.candidate_id: p.status for p in found} == verdicts
    assert {(p.object_id, p.object_name) for p in found} == {("1", "thing 1"), ("2", "thing 2")}
    assert {(p.segmenter, p.propagator, p.split, p.n_verdicts) for p in found} == {("grabcut", "flow", "train", 1)}
    assert {p.decided_by for p in found} == {"simulated"}
    assert all(p.time_s == p.frame_idx / 10 for p in found)
    assert tables.POINTS.read_files(sorted((finished_run / "points").glob("*"))).num_rows == len(found)


def test_a_person_changes_exactly_the_points_that_she_answers(finished_run, tmp_path):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.1)
    before = {p.candidate_id: p for p in points(finished_run)}
    chosen = [p for p in before.values() if p.status == "ACCEPTED"][:2]
    human = [
        Verdict(p.candidate_id, "REJECTED", "ann", "label_studio", 1.0, "t", "7", datetime(2026, 1, 1, tzinfo=UTC))
        for p in chosen
    ]
    tables.VERDICTS.write(finished_run / "verdicts" / "label_studio.parquet", human)
    merge(RunFolder(finished_run), 0.1)
    after = {p.candidate_id: p for p in points(finished_run)}
    assert {key for key in after if after[key] != before[key]} == {p.candidate_id for p in chosen}


def test_merging_again_makes_the_points_anew(finished_run, tmp_path):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.1)
    first = {p.name: p.read_bytes() for p in (finished_run / "points").iterdir()}
    (finished_run / "points" / "stale.parquet").write_bytes(next(iter(first.values())))
    merge(RunFolder(finished_run), 0.1)
    assert {p.name: p.read_bytes() for p in (finished_run / "points").iterdir()} == first


def test_a_run_without_verdicts_and_a_folder_without_a_run_are_wrong_usage(finished_run, tmp_path):
    with pytest.raises(UsageProblem, match="has no verdicts"):
        merge(RunFolder(finished_run), 0.1)
    with pytest.raises(UsageProblem, match="is not a run folder"):
        merge(RunFolder(tmp_path / "nothing"), 0.1)


def crowd(run, answers):
    """Verdicts of people: annotator → how she answers a candidate."""
    candidates = tables.CANDIDATES.records(tables.CANDIDATES.read(run))
    when = datetime(2026, 1, 1, tzinfo=UTC)
    verdicts = [
        Verdict(c.candidate_id, answer(i, c), who, "label_studio", 1.0, "t", who, when)
        for who, answer in answers.items()
        for i, c in enumerate(candidates)
    ]
    tables.VERDICTS.write(run / "verdicts" / "label_studio.parquet", verdicts)


def right(_, candidate):
    return "ACCEPTED" if candidate.is_fg_candidate else "REJECTED"


def wrong(_, candidate):
    return "REJECTED" if candidate.is_fg_candidate else "ACCEPTED"


def now_and_then(period, offset):
    return lambda i, c: wrong(i, c) if i % period == offset else right(i, c)


def test_dawid_skene_hears_two_reliable_people_over_three_who_mostly_guess(finished_run):
    errs = np.random.default_rng(0).random((3, 1000)) < 0.4
    guessers = {f"g{k}": lambda i, c, k=k: wrong(i, c) if errs[k, i] else right(i, c) for k in range(3)}
    crowd(finished_run, {"al": right, "bo": right, **guessers})

    def n_wrong(rule):
        merge(RunFolder(finished_run), 0.1, rule)
        return sum(p.status != right(0, p) for p in points(finished_run))

    assert n_wrong(ConsensusRule.MAJORITY) > 0 == n_wrong(ConsensusRule.DAWID_SKENE)


def test_excluding_an_annotator_makes_the_points_as_if_she_had_never_answered(finished_run):
    crowd(finished_run, {"al": right, "bo": wrong, "cy": wrong})
    merge(RunFolder(finished_run), 0.1)
    assert {p.status == right(0, p) for p in points(finished_run)} == {False}
    merge(RunFolder(finished_run), 0.1, exclude=["bo", "cy"])
    assert {(p.status == right(0, p), p.n_verdicts) for p in points(finished_run)} == {(True, 1)}
    with pytest.raises(UsageProblem, match="unknown annotator 'di'; known: al, bo, cy"):
        merge(RunFolder(finished_run), 0.1, exclude=["di"])
    with pytest.raises(UsageProblem, match="leaves no verdict"):
        merge(RunFolder(finished_run), 0.1, exclude=["al", "bo", "cy"])


def test_a_settled_conflict_wins_whatever_the_rule_and_says_so(finished_run, capsys):
    crowd(finished_run, {"al": right, "bo": now_and_then(3, 0), "cy": now_and_then(3, 0)})
    candidates = tables.CANDIDATES.records(tables.CANDIDATES.read(finished_run))
    n_conflicts = -(-len(candidates) // 3)
    merge(RunFolder(finished_run), 0.1)
    assert f"conflicts left {n_conflicts}" in " ".join(capsys.readouterr().out.split())
    asked = candidates[0]
    task = ReviewTask("s", asked.video_id, "1", asked.frame_idx, 0, "adjudication", (asked.candidate_id,), 0.5)
    tables.TASKS.write(finished_run / "tasks" / "adjudication.parquet", [task])
    adjudicated = Verdict(asked.candidate_id, right(0, asked), "di", "label_studio", 1.0, "s", "9",
                      datetime(2026, 1, 2, tzinfo=UTC))  # fmt: skip
    tables.VERDICTS.write(finished_run / "verdicts" / "adjudicated.parquet", [adjudicated])
    for rule in ConsensusRule:
        merge(RunFolder(finished_run), 0.1, rule)
        found = {p.candidate_id: p for p in points(finished_run)}
        point = found.pop(asked.candidate_id)
        assert (point.status, point.n_verdicts, point.decided_by) == (right(0, asked), 1, "adjudication")
        assert {(p.n_verdicts, p.decided_by) for p in found.values()} == {(3, "annotators")}
        said = " ".join(capsys.readouterr().out.split())
        assert f"adjudicated 1 conflicts left {n_conflicts - 1}" in said


def test_answers_to_gold_never_become_points(finished_run):
    crowd(finished_run, {"al": right, "bo": now_and_then(3, 0), "cy": now_and_then(4, 1)})
    merge(RunFolder(finished_run), 0.1, ConsensusRule.DAWID_SKENE)
    before = points(finished_run)
    original = before[0]
    tables.GOLD.write(
        finished_run / "gold" / "gold.parquet",
        [Gold("f" * 32, original.candidate_id, right(0, original) != "ACCEPTED", right(0, original), "unanimous")],
    )
    extra = Verdict("f" * 32, "REJECTED", "al", "label_studio", 1.0, "t2", "9", datetime(2026, 1, 2, tzinfo=UTC))
    tables.VERDICTS.write(finished_run / "verdicts" / "later.parquet", [extra])
    merge(RunFolder(finished_run), 0.1, ConsensusRule.DAWID_SKENE)
    assert points(finished_run) == before

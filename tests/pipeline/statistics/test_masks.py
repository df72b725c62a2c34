from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime

import numpy as np

from pipeline.commands.report import report
from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_records, videos_of
from pipeline.statistics.masks import MaskAnswers
from schemas import tables
from schemas.reviews import Verdict


def answered(run, seed=0):
    """Candidate id → a made-up answer to two thirds of all candidates."""
    random = np.random.default_rng(seed)
    candidates = tables.CANDIDATES.records(tables.CANDIDATES.read(run))
    return {c.candidate_id: str(random.choice(choices(c))) for c in candidates if random.random() < 0.67}


def choices(candidate):
    right, wrong = ("ACCEPTED", "REJECTED") if candidate.is_fg_candidate else ("REJECTED", "ACCEPTED")
    return (right, right, right, wrong, "AMBIGUOUS")


def slow_counts(run, statuses):
    """(group, is foreground) → wrong and decided, over joined rows."""
    masks = {(m.video_id, m.object_id, m.frame_idx): m for m in tables.MASKS.records(tables.MASKS.read(run))}
    counts = defaultdict(Counter)
    for c in tables.CANDIDATES.records(tables.CANDIDATES.read(run)):
        status = statuses.get(c.candidate_id, "AMBIGUOUS")
        if status == "AMBIGUOUS":
            continue
        mask = masks[c.video_id, c.object_id, c.frame_idx]
        for group in (("source", mask.source), ("model", mask.model), ("object", c.video_id, c.object_id)):
            counts[group, c.is_fg_candidate]["decided"] += 1
            counts[group, c.is_fg_candidate]["wrong"] += c.is_fg_candidate != (status == "ACCEPTED")
    return counts


def test_errors_by_source_model_and_object_are_those_of_the_joined_rows(finished_run):
    statuses, folder = answered(finished_run), RunFolder(finished_run)
    found = MaskAnswers()
    for video in videos_of(folder):
        masks, candidates = (unit_records(folder, table, video) for table in (tables.MASKS, tables.CANDIDATES))
        found.add(masks, candidates, statuses)
    errors, wanted = found.errors(), slow_counts(finished_run, statuses)
    assert {group for group in errors if group[0] != "size"} == {group for group, _ in wanted}
    for (group, is_fg), counts in wanted.items():
        share = errors[group].false_positive if is_fg else errors[group].false_negative
        assert (share.part, share.whole) == (counts["wrong"], counts["decided"])
    by_kind = {kind: sum(e.n for group, e in errors.items() if group[0] == kind) for kind in ("size", "model")}
    assert by_kind["size"] == by_kind["model"]


def test_the_report_shows_mask_errors_and_who_answered(finished_run):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    verdicts = [
        Verdict(candidate_id, status, who, "label_studio", 0.5, f"t{i // 8}", who, when)
        for who in ("al", "bo")
        for i, (candidate_id, status) in enumerate(answered(finished_run).items())
    ]
    tables.VERDICTS.write(finished_run / "verdicts" / "label_studio.parquet", verdicts)
    report(RunFolder(finished_run))
    page = (finished_run / "report" / "index.html").read_text(encoding="utf-8")
    assert "What the answers say about the masks" in page
    assert "<td>propagator</td>" in page
    assert "Of the answered points inside the masks, people put" in page
    assert "<td>al</td>" in page
    assert "0.50 s per answer" in page
    assert "thing dog, sub/b" in page

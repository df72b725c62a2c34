"""The figures that the card of a dataset tells, counted a piece at a time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runs.folder import RunFolder
from pipeline.runs.partitioning import verdict_rows
from pipeline.runs.provenance import provenance_of
from pipeline.runs.ranges import video_keys
from pipeline.runs.splits import rules_of
from pipeline.runs.units import unit_rows
from schemas import tables
from schemas.provenance import Provenance
from stages.export.points.facts import DataFacts

_BY_HASH = "Videos were put into splits by a hash of their names; near-duplicates were not searched for."


def data_facts(run: RunFolder) -> DataFacts:
    """Figures of a run."""
    facts = DataFacts(gold=_gold(run), rule=_rule(run))
    known = provenance_of(run)
    for key in video_keys(run):
        one = known.get(key.video_id, Provenance(key.video_id))
        facts.licences[one.licence] += 1
        facts.sources[one.source] += 1
        facts.n_videos += 1
        rows = unit_rows(run, tables.POINTS, key, ["status", "decided_by", "n_verdicts"])
        facts.statuses.update(rows["status"].to_pylist())
        facts.deciders.update(rows["decided_by"].to_pylist())
        facts.n_several += pc.sum(pc.greater(rows["n_verdicts"], 1)).as_py() or 0
        facts.n_pointless += not rows.num_rows
    damage = tables.VIDEOS.read(run.path, columns=["truncated", "lost"])
    facts.n_damaged = sum(map(any, zip(*(damage[name].to_pylist() for name in ("truncated", "lost")), strict=True)))
    facts.n_unanswered = max(tables.CANDIDATES.n_rows(run.path) - tables.POINTS.n_rows(run.path), 0)
    return facts


def _rule(run: RunFolder) -> str:
    if not (rules := rules_of(run)):
        return _BY_HASH
    how = f"the shares {rules['split.ratios']} (train, val, test) and seed {rules['split.seed']}"
    alike = "were kept together" if rules.get("split.compared") == "yes" else "were not searched for"
    return f"Made by `pointvos split` with {how}. Near-duplicates {alike}. All objects of a video are in one split."


def _gold(run: RunFolder) -> list[tuple[int, int]]:
    """Hidden questions that each person answered and those answered right; the latest answer to each counts."""
    truth = {one.candidate_id: one.true_status for one in tables.GOLD.records(tables.GOLD.read(run.path))}
    if not truth:
        return []
    latest: dict[tuple[str, str], tuple[datetime, str]] = {}
    columns = ["annotator", "candidate_id", "decided_at", "status"]
    ids = pa.array(list(truth), pa.string())
    for rows in verdict_rows(run, columns):
        golds = rows.filter(pc.is_in(rows["candidate_id"], ids))
        for who, asked, when, status in zip(*(golds[name].to_pylist() for name in columns), strict=True):
            latest[who, asked] = max(latest.get((who, asked), (when, status)), (when, status))
    asked_of: Counter[str] = Counter(who for who, _ in latest)
    right_of: Counter[str] = Counter(who for (who, asked), (_, status) in latest.items() if status == truth[asked])
    return [(asked_of[who], right_of[who]) for who in sorted(asked_of)]

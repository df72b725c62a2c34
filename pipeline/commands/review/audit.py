"""``pointvos review audit``: how far the answers can be trusted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.table import Table

from pipeline.commands.options import Run
from pipeline.runs.answer_parts import AnswerTally, ObjectKey, answer_parts, remarked_verdicts
from pipeline.terminal.console import UsageProblem, console, quoted, summary
from schemas import tables
from schemas.points import PointCandidate
from schemas.reviews import Verdict
from schemas.whole_files import write_whole
from schemas.wording import many
from stages.consensus.audit import AnnotatorAudit, Audit
from stages.consensus.blind import BlindCheck
from stages.consensus.bootstrap import Estimate
from stages.consensus.conflicts import Conflict
from stages.consensus.pace import Pace
from stages.consensus.proportions import Proportion

_FEW = 8
"""Conflicts that are listed on the terminal; all are in the file."""


def audit(
    run: Run,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Annotator to exclude; may be repeated.", metavar="ANNOTATOR")
    ] = None,
) -> None:
    """Measure how reliable the pulled answers are, and write it to `DIR/review/audit.json`.

    For each annotator: answers, active seconds per point (the time away from a task is trimmed), gold questions seen
    and left unchanged, agreement with the consensus, expected error rate. For all: raw agreement, Cohen's and Fleiss'
    κ, the share of wrong proposals of gold questions that were left unchanged, the slowest objects, and the candidates
    on which people disagree, the most doubtful first. Shares have 95 % intervals. Flags on frames and notes are listed,
    the latest first, and answers entered from another account than the author's. Blind answers count as those of
    another person, `NAME (blind)`.

    Agreement needs candidates that several people answered: `pointvos review push --overlap 3`. Gold questions are
    added by `pointvos review push --gold-share 0.05`, blind questions by `--audit-share 0.05`.

    Example: `pointvos review audit --run demo-run`
    """
    folder = run.require()
    tally = AnswerTally.begin(folder, exclude or [])
    with answer_parts(folder) as parts:
        for part in parts:
            tally.add(part)
    if tally.audit.is_empty:
        raise UsageProblem(
            f"run {run} has no verdicts to audit; get some with: pointvos review pull --run {quoted(run)}"
        )
    found, objects, blind = tally.audit.audit(), tally.objects.paces(), tally.blind_check()
    remarked = remarked_verdicts(folder)
    remarks, entered = remarked.remarks(), remarked.entered_by_others()
    named = [*(conflict.candidate_id for conflict in found.conflicts), *(verdict.candidate_id for verdict in remarks)]
    only = pc.field("candidate_id").isin(pa.array(named, pa.string()))
    candidates = {c.candidate_id: c for c in tables.CANDIDATES.records(tables.CANDIDATES.read(folder.path, only))}
    file = folder.path / "review" / "audit.json"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    facts = {
        **_as_json(found, candidates, objects, blind),
        "remarks": [_remark(v, candidates) for v in remarks],
        "entered_by_others": [{"annotator": who, "entered_by": by, "tasks": n} for who, by, n in entered],
    }
    write_whole(file, (json.dumps(facts, indent=1) + "\n").encode(), mode=0o600)
    _show(found, candidates, objects, blind)
    _show_remarks(remarks, candidates)
    if entered:
        rows: list[tuple[str, object]] = [(who, f"{many(n, 'task')}, entered by {by}") for who, by, n in entered]
        summary("Answers entered from another account than the author's", rows)
    console.print(f"All figures: {file}", markup=False)


def _show(
    found: Audit, candidates: Mapping[str, PointCandidate], objects: Mapping[ObjectKey, Pace], blind: BlindCheck
) -> None:
    people = Table(box=None, pad_edge=False)
    for heading in (
        "annotator",
        "points",
        "s per point",
        "gold correct",
        "gold unchanged",
        "agrees with consensus",
        "errors",
    ):
        people.add_column(heading, overflow="fold")
    for a in found.annotators:
        shares = (a.gold.right, a.gold.untouched, a.agreement, a.error)
        people.add_row(
            a.annotator, f"{a.pace.n_points:,}", f"{a.pace.seconds_a_point:.2f}", *(_brief(share) for share in shares)
        )
    console.print(people)
    rows: list[tuple[str, object]] = [("candidates answered", found.n_candidates), ("by several", found.n_several)]
    rows += [("two people agree", found.agreement), ("Fleiss' κ", found.fleiss)]
    rows += [(f"Cohen's κ, {one} – {other}", kappa) for one, other, kappa in found.cohen]
    rows += [("gold errors left unchanged", found.anchoring)]
    if blind.confirmed.whole:
        rows += [("confirmed by blind answers", _brief(blind.confirmed))]
        rows += [("wrong claims left unchanged, by blind answers", _brief(blind.let_stand))]
    rows += [("conflicts", len(found.conflicts))]
    rows += [(f"  {_place(c.candidate_id, candidates)}", _answers(c)) for c in islice(found.conflicts, _FEW)]
    slowest = sorted(objects.items(), key=lambda item: (-item[1].seconds_a_point, item[0]))[:_FEW]
    rows += [("slowest objects", "")] if len(objects) > 1 else []
    rows += [
        (f"  {v}, object {o}", f"{pace.seconds_a_point:.2f} s per point")
        for (v, o), pace in slowest
        if len(objects) > 1
    ]
    summary("Agreement, with 95 % intervals", rows)


def _show_remarks(remarks: Sequence[Verdict], candidates: Mapping[str, PointCandidate]) -> None:
    if remarks:
        rows = [(_place(v.candidate_id, candidates), f"{_words(v)} ({v.annotator})") for v in remarks[:_FEW]]
        summary(f"Flags and notes of {many(len(remarks), 'task')}, the latest first", rows)


def _words(remark: Verdict) -> str:
    return " · ".join(words for words in (remark.flag.replace("_", " "), remark.note) if words)


def _brief(share: Proportion) -> str:
    if not share.whole:
        return "–"
    low, high = share.interval()
    return f"{share.rate:.0%} ({low:.0%}–{high:.0%})"


def _place(candidate_id: str, candidates: Mapping[str, PointCandidate]) -> str:
    found = candidates.get(candidate_id)
    return f"{found.video_id}, object {found.object_id}, frame {found.frame_idx}" if found else candidate_id


def _answers(conflict: Conflict) -> str:
    return ", ".join(f"{name}: {status}" for name, status in conflict.answers)


def _as_json(
    found: Audit, candidates: Mapping[str, PointCandidate], objects: Mapping[ObjectKey, Pace], blind: BlindCheck
) -> dict[str, Any]:
    return {
        "candidates": found.n_candidates,
        "answered_by_several": found.n_several,
        "agreement": _estimate(found.agreement),
        "fleiss_kappa": _estimate(found.fleiss),
        "cohen_kappa": [{"annotators": [one, other], **_estimate(kappa)} for one, other, kappa in found.cohen],
        "anchoring": _proportion(found.anchoring),
        "blind": {"confirmed": _proportion(blind.confirmed), "let_stand": _proportion(blind.let_stand)},
        "annotators": [_annotator(annotator) for annotator in found.annotators],
        "conflicts": [_conflict(conflict, candidates) for conflict in found.conflicts],
        "objects": [{"video_id": v, "object_id": o, **_pace(pace)} for (v, o), pace in sorted(objects.items())],
    }


def _annotator(found: AnnotatorAudit) -> dict[str, Any]:
    return {
        "annotator": found.annotator,
        **_pace(found.pace),
        "gold_right": _proportion(found.gold.right),
        "gold_untouched": _proportion(found.gold.untouched),
        "agreement_with_consensus": _proportion(found.agreement),
        "error_rate": _proportion(found.error),
    }


def _pace(found: Pace) -> dict[str, float]:
    return {
        "tasks": found.n_tasks,
        "points": found.n_points,
        "active_s": round(found.active_s, 3),
        "idle_s": round(found.trimmed_s, 3),
        "active_s_a_point": round(found.seconds_a_point, 4),
    }


def _conflict(conflict: Conflict, candidates: Mapping[str, PointCandidate]) -> dict[str, Any]:
    c = candidates.get(conflict.candidate_id)
    where = (
        {"video_id": c.video_id, "object_id": c.object_id, "frame_idx": c.frame_idx, "x": c.x, "y": c.y} if c else {}
    )
    said = {
        "answers": dict(conflict.answers),
        "consensus": conflict.consensus,
        "probability": round(conflict.probability, 6),
    }
    return {"candidate_id": conflict.candidate_id, "task_key": conflict.task_key, **where, **said}


def _remark(verdict: Verdict, candidates: Mapping[str, PointCandidate]) -> dict[str, Any]:
    c = candidates.get(verdict.candidate_id)
    where = {"video_id": c.video_id, "object_id": c.object_id, "frame_idx": c.frame_idx} if c else {}
    said = {"annotator": verdict.annotator, "flag": verdict.flag, "note": verdict.note}
    return {"task_key": verdict.task_key, **where, **said}


def _estimate(found: Estimate) -> dict[str, float | None]:
    return {**{n: _finite(getattr(found, n)) for n in ("value", "low", "high")}, "n": found.n}


def _proportion(found: Proportion) -> dict[str, float | None]:
    low, high = found.interval()
    return {"rate": _finite(found.rate), "low": _finite(low), "high": _finite(high), "n": found.whole}


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)

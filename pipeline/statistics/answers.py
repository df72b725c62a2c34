"""The report's part about answers: from tallies and the audit to rows of the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from pipeline.runs.answer_parts import ObjectKey
from pipeline.statistics.masks import KINDS, Group
from stages.consensus.audit import AnnotatorAudit, Audit
from stages.consensus.mask_errors import SIZES, MaskErrors
from stages.consensus.pace import Pace
from stages.consensus.proportions import Proportion
from stages.report.answers import AnnotatorRow, Answers, MaskRow, MaskTable, Rate

MOST_OBJECTS = 15
"""Objects in the table of the worst; every object has its figures beside its pictures."""


def answers_of(errors: Mapping[Group, MaskErrors], objects: Mapping[ObjectKey, MaskRow], audit: Audit) -> Answers:
    """The whole part.

    Args:
        errors: of every group of masks.
        objects: rows of every object.
        audit: of those who answered.
    """
    tables = [_table(kind, errors) for kind in KINDS]
    if len(objects) > 1:
        worst = sorted(objects.values(), key=_surely_wrong, reverse=True)
        tables.append(MaskTable("object, worst first", tuple(worst[:MOST_OBJECTS]), max(len(worst) - MOST_OBJECTS, 0)))
    return Answers(
        masks=tuple(table for table in tables if table.rows),
        annotators=tuple(_annotator(annotator) for annotator in audit.annotators),
        agreement=_agreement(audit),
    )


def object_rows(
    errors: Mapping[Group, MaskErrors], paces: Mapping[ObjectKey, Pace], title: Callable[[ObjectKey], str]
) -> dict[ObjectKey, MaskRow]:
    """One row an object whose masks have answers."""
    rows: dict[ObjectKey, MaskRow] = {}
    for (kind, *rest), found in errors.items():
        if kind == "object":
            video_id, object_id = rest
            pace = paces.get((video_id, object_id))
            seconds = pace.seconds_a_point if pace else None
            rows[video_id, object_id] = _row(title((video_id, object_id)), found, seconds)
    return rows


def _table(kind: str, errors: Mapping[Group, MaskErrors]) -> MaskTable:
    names = [name for _, name in SIZES] if kind == "size" else sorted(g[1] for g in errors if g[0] == kind)
    return MaskTable(kind, tuple(_row(name, errors[kind, name]) for name in names if (kind, name) in errors))


def _row(name: str, found: MaskErrors, seconds: float | None = None) -> MaskRow:
    return MaskRow(name, rate(found.false_positive), rate(found.false_negative), seconds)


def rate(found: Proportion) -> Rate:
    """A proportion as the page shows it."""
    return Rate(0.0 if math.isnan(found.rate) else found.rate, *found.interval(), round(found.whole))


def _surely_wrong(row: MaskRow) -> tuple[float, float]:
    """Sort key: the lower end of the worse interval, so that a few answers alone put no object on top."""
    known = [found for found in (row.false_positive, row.false_negative) if found.n]
    return max((found.low for found in known), default=0.0), max((found.value for found in known), default=0.0)


def _annotator(found: AnnotatorAudit) -> AnnotatorRow:
    pace = found.pace
    return AnnotatorRow(
        found.annotator, pace.n_points, pace.seconds_a_point, rate(found.error), rate(found.gold.untouched)
    )


def _agreement(found: Audit) -> tuple[tuple[str, str], ...]:
    rows: list[tuple[str, str]] = []
    if found.n_several:
        rows += [("points answered by several", f"{found.n_several:,} of {found.n_candidates:,}")]
        rows += [("two annotators agree", str(found.agreement)), ("Fleiss' κ", str(found.fleiss))]
        rows += [(f"Cohen's κ, {one} and {other}", str(kappa)) for one, other, kappa in found.cohen]
        rows += [("points on which they differ", f"{len(found.conflicts):,}")]
    if found.anchoring.whole:
        rows += [("wrong proposals of gold questions left unchanged (anchoring)", str(found.anchoring))]
    return tuple(rows)

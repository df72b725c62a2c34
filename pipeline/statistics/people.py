"""How fast people answer and how far they agree, as plain values."""

from __future__ import annotations

import math
from typing import Any

from stages.consensus.audit import Audit
from stages.consensus.bootstrap import Estimate
from stages.consensus.proportions import Proportion


def people_json(audit: Audit) -> dict[str, Any]:
    """What :mod:`pipeline.commands.stats` writes of the answers; docs/statistics.md explains it."""
    return {
        "pace": {
            one.annotator: {
                "tasks": one.pace.n_tasks,
                "points": one.pace.n_points,
                "active_s": round(one.pace.active_s, 3),
                "seconds_a_point": round(one.pace.seconds_a_point, 4),
                "points_an_hour": round(3600 / one.pace.seconds_a_point) if one.pace.seconds_a_point else None,
                "gold_left_wrong": _share(one.gold.untouched),
                "expected_errors": _share(one.error),
            }
            for one in audit.annotators
        },
        "agreement": {
            "candidates": audit.n_candidates,
            "answered_by_several": audit.n_several,
            "two_agree": _estimate(audit.agreement),
            "fleiss_kappa": _estimate(audit.fleiss),
            "cohen_kappa": [{"annotators": [a, b], **(_estimate(k) or {})} for a, b, k in audit.cohen],
            "differ_on": len(audit.conflicts),
        },
    }


def _share(found: Proportion) -> dict[str, float] | None:
    """None of nothing."""
    if not found.whole:
        return None
    low, high = found.interval()
    return {"value": round(found.rate, 4), "low": round(low, 4), "high": round(high, 4), "n": round(found.whole)}


def _estimate(found: Estimate) -> dict[str, float] | None:
    if not found.n or math.isnan(found.value):
        return None
    return {"value": round(found.value, 4), "low": round(found.low, 4), "high": round(found.high, 4), "n": found.n}

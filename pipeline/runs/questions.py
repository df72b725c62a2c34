"""What of a run people are asked about, video by video."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_records, unit_rows
from schemas import tables
from schemas.points import PointCandidate
from schemas.videos import Video
from stages.sample_points.questions import Questions, questions
from stages.video.frame_names import natural_key

NARRATIVE_RULES = ("actor_", "noun_")
"""How the rules of hints begin that are names in a narrative."""


def questions_of(run: RunFolder, video: Video) -> Questions:
    """What people are asked about in one video."""
    hints = unit_rows(run, tables.LOCALIZATIONS, video).to_pylist()
    groups = {hint["object_id"]: hint["group"] for hint in hints}
    rules = {hint["object_id"]: hint["rule"] for hint in hints if hint["rule"].startswith(NARRATIVE_RULES)}
    actors = sorted((name for name, rule in rules.items() if rule.startswith("actor_")), key=natural_key)
    nouns = sorted(rules.keys() - set(actors), key=natural_key, reverse=True)  # the last is the head of "brown surface"
    spans: dict[str, float] = {}
    for hint in hints:
        if hint["x"]:
            spans[hint["object_id"]] = max(spans.get(hint["object_id"], 0.0), _span(hint, video))
    return questions(unit_records(run, tables.MASKS, video), [*actors, *nouns], groups, spans)


def has_narrative(run: RunFolder, video: Video) -> bool:
    """Whether a video has names of a narrative, of which several may be one question."""
    rules = unit_rows(run, tables.LOCALIZATIONS, video, ["rule"])["rule"].to_pylist()
    return any(rule.startswith(NARRATIVE_RULES) for rule in rules)


def answers_for_other_names(
    candidates: Sequence[PointCandidate], asked: Questions, answered: Collection[str]
) -> list[PointCandidate]:
    """Candidates of other names of the objects that were asked: those of the object, under the name's id.

    Args:
        candidates: of one video.
        asked: what people were asked about in it.
        answered: ids of the candidates that somebody answered; a name with answers of its own needs no others.
    """
    own = {candidate.object_id for candidate in candidates if candidate.candidate_id in answered}
    return [
        replace(candidate, object_id=name)
        for name, leader in sorted(asked.means.items())
        if name not in own
        for candidate in candidates
        if candidate.object_id == leader
    ]


def _span(hint: Mapping[str, Any], video: Video) -> float:
    """Share of the frame that the box around a hint takes; traces and scribbles are in [0, 1] already."""
    width, height = (1, 1) if hint["kind"] in ("trace", "scribble") else (video.width, video.height)
    sides = ((max(hint[axis]) - min(hint[axis])) / size for axis, size in (("x", width), ("y", height)))
    return float(prod(sides))

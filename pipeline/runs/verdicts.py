"""The verdicts of a run, as its tables hold them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pipeline.runs.folder import RunFolder
from pipeline.runs.queue_notes import QueueNotes
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.reviews import Verdict
from stages.consensus.pace import Pace, paces
from stages.consensus.run_verdicts import RunVerdicts

ObjectKey = tuple[str, str]
"""(video_id, object_id)"""
CHECKING_DESIGNS = ("single", "adjudication", "second_look")
"""Designs whose answers check others: they measure them, settle what they differ on, and are asked again."""


def read_verdicts(folder: RunFolder) -> RunVerdicts:
    """What was answered in a run by anybody, gold included."""
    given = tables.VERDICTS.records(tables.VERDICTS.read(folder.path))
    golds = tables.GOLD.records(tables.GOLD.read(folder.path))
    blind, settling, again = (_tasks_of(folder, design) for design in CHECKING_DESIGNS)
    return RunVerdicts(given, golds, blind, settling, adjudicators_of(folder), again)


def adjudicators_of(folder: RunFolder) -> frozenset[str]:
    """Whose answers settle what people differ on; none: those of whoever had not answered otherwise."""
    return frozenset(QueueNotes.read(folder.table_file(tables.TASKS, "adjudication")).adjudicators)


def require_annotators(known: Collection[str], names: Collection[str]) -> None:
    """Raise UsageProblem when one of ``names`` is not among those who answered."""
    if unknown := sorted(set(names) - set(known)):
        raise UsageProblem(f"unknown annotator {unknown[0]!r}; known: {', '.join(sorted(known))}")


def _tasks_of(folder: RunFolder, design: str) -> frozenset[str]:
    found = tables.TASKS.read(folder.path, filters=[("design", "=", design)])
    return frozenset(found["task_key"].to_pylist())


def object_paces(votes: Mapping[str, Sequence[Verdict]], object_of: Mapping[str, ObjectKey]) -> dict[ObjectKey, Pace]:
    """Active seconds by object.

    Args:
        votes: by candidate id.
        object_of: candidate id → object; answers to other candidates are passed over.
    """
    known = (verdict for candidate_id in votes if candidate_id in object_of for verdict in votes[candidate_id])
    return paces(known, lambda verdict: object_of[verdict.candidate_id])

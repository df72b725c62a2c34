"""The verdicts of a run, as its tables hold them."""

from __future__ import annotations

from collections.abc import Collection

from pipeline.runs.folder import RunFolder
from pipeline.runs.queue_notes import QueueNotes
from pipeline.terminal.console import UsageProblem
from schemas import tables
from stages.consensus.run_verdicts import RunVerdicts

CHECKING_DESIGNS = ("single", "adjudication", "second_look")
"""Designs that ask answered candidates again: blind questions, adjudication of conflicts, second looks."""


def read_verdicts(folder: RunFolder) -> RunVerdicts:
    """What was answered in a run by anybody, gold included."""
    given = tables.VERDICTS.records(tables.VERDICTS.read(folder.path))
    golds = tables.GOLD.records(tables.GOLD.read(folder.path))
    blind, adjudication, again = (_tasks_of(folder, design) for design in CHECKING_DESIGNS)
    return RunVerdicts(given, golds, blind, adjudication, adjudicators_of(folder), again)


def adjudicators_of(folder: RunFolder) -> frozenset[str]:
    """Whose answers decide what people differ on; none: those of whoever had not answered otherwise."""
    return frozenset(QueueNotes.read(folder.table_file(tables.TASKS, "adjudication")).adjudicators)


def require_annotators(known: Collection[str], names: Collection[str]) -> None:
    """Raise UsageProblem when one of ``names`` is not among those who answered."""
    if unknown := sorted(set(names) - set(known)):
        raise UsageProblem(f"unknown annotator {unknown[0]!r}; known: {', '.join(sorted(known))}")


def _tasks_of(folder: RunFolder, design: str) -> frozenset[str]:
    found = tables.TASKS.read(folder.path, filters=[("design", "=", design)])
    return frozenset(found["task_key"].to_pylist())

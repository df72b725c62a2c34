"""Planting gold for the review: candidates whose answer is known are asked again with a wrong proposal."""

from __future__ import annotations

from pathlib import Path

from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_records, videos_of
from pipeline.runs.verdicts import read_verdicts
from pipeline.simulation.answers import true_answers, truth_of
from pipeline.terminal.console import UsageProblem
from schemas import tables
from stages.consensus.gold import plant, unanimous_statuses
from stages.simulate.annotator import SimulatedAnnotator

_STEM = "gold"


def plant_gold(folder: RunFolder, share: float, ground_truth: Path | None) -> int:
    """Flip the proposal of a share of the candidates whose answer is known; how many were added to the gold table.

    What was planted before stays: answers may refer to it, and a repeated push must ask the same questions.

    Args:
        folder: the run.
        share: of the candidates with a known answer and a right proposal, in [0, 1].
        ground_truth: folder of true masks; without it, what two or more people unanimously answered before is known.

    Raises:
        UsageProblem: no answer is known.
    """
    planted = tables.GOLD.records(tables.GOLD.read(folder.path))
    taken = {gold.of_candidate_id for gold in planted}
    known = _unanimous(folder) if ground_truth is None else _true(folder, ground_truth)
    if not known:
        raise UsageProblem(
            "gold questions need known answers: give --gold-truth DIR with true masks, "
            "or pull answers that two or more people gave first"
        )
    candidates = tables.CANDIDATES.records(tables.CANDIDATES.read(folder.path))
    fresh = plant(
        (c for c in candidates if c.candidate_id not in taken),
        known,
        "unanimous" if ground_truth is None else "ground_truth",
        share,
    )
    tables.GOLD.write(folder.table_file(tables.GOLD, _STEM), [*planted, *fresh], folder.metadata())
    return len(fresh)


def _unanimous(folder: RunFolder) -> dict[str, str]:
    deciding = read_verdicts(folder).deciding()
    return unanimous_statuses(verdict for group in deciding.values() for verdict in group)


def _true(folder: RunFolder, ground_truth: Path) -> dict[str, str]:
    sure = SimulatedAnnotator(error_rate=0.0)
    statuses: dict[str, str] = {}
    for video in videos_of(folder):
        candidates = unit_records(folder, tables.CANDIDATES, video)
        if truth := truth_of(ground_truth, video, candidates):
            statuses |= {v.candidate_id: v.status for v in true_answers(sure, truth, video, candidates)}
    return statuses

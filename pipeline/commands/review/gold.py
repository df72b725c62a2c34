"""Planting gold for the review: candidates whose answer is known are asked again with a wrong proposal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.runs.answer_parts import answer_parts
from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_records, videos_of
from pipeline.simulation.answers import true_answers, truth_of
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.gold import Gold
from stages.consensus.gold import plant, unanimous_statuses
from stages.simulate.annotator import SimulatedAnnotator

_STEM = "gold"
KnownAnswers = tuple[Mapping[str, bool], Mapping[str, str]]
"""Whether candidates are proposed as foreground, and the true statuses that are known of some of them, by id."""


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
    known_by = "unanimous" if ground_truth is None else "ground_truth"
    n_known, fresh = 0, list[Gold]()
    for claims, known in _unanimous(folder) if ground_truth is None else _true(folder, ground_truth):
        n_known += len(known)
        fresh += plant({name: is_fg for name, is_fg in claims.items() if name not in taken}, known, known_by, share)
    if not n_known:
        raise UsageProblem(
            "gold questions need known answers: give --gold-truth DIR with true masks, "
            "or pull answers that two or more people gave first"
        )
    tables.GOLD.write(folder.table_file(tables.GOLD, _STEM), [*planted, *fresh], folder.metadata())
    return len(fresh)


def _unanimous(folder: RunFolder) -> Iterator[KnownAnswers]:
    with answer_parts(folder) as parts:
        for part in parts:
            deciding = part.verdicts.deciding()
            known = unanimous_statuses(verdict for group in deciding.values() for verdict in group)
            yield {name: about.is_fg for name, about in part.asked.items()}, known


def _true(folder: RunFolder, ground_truth: Path) -> Iterator[KnownAnswers]:
    sure = SimulatedAnnotator(error_rate=0.0)
    for video in videos_of(folder):
        candidates = unit_records(folder, tables.CANDIDATES, video)
        if truth := truth_of(ground_truth, video, candidates):
            known = {v.candidate_id: v.status for v in true_answers(sure, truth, video, candidates)}
            yield {c.candidate_id: c.is_fg_candidate for c in candidates}, known

"""All verdicts of a run, and which of them count for what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pipeline.console import UsageProblem
from pipeline.run_folder import RunFolder
from schemas import tables
from schemas.gold import Gold
from schemas.reviews import Verdict
from stages.agree.pace import Pace, paces
from stages.merge.opinions import counted_verdicts

ObjectKey = tuple[str, str]
"""(video_id, object_id)"""


@dataclass(frozen=True, slots=True)
class RunVerdicts:
    """What was answered in a run by anybody, gold included.

    Attributes:
        given: every verdict of every source.
        golds: all gold of the run.
    """

    given: Sequence[Verdict]
    golds: Sequence[Gold]

    @classmethod
    def of(cls, folder: RunFolder) -> RunVerdicts:
        """Read them."""
        given = tables.VERDICTS.records(tables.VERDICTS.read(folder.path))
        return cls(given, tables.GOLD.records(tables.GOLD.read(folder.path)))

    def require_annotators(self, names: Collection[str]) -> None:
        """Raise UsageProblem when one of ``names`` has answered nothing."""
        known = sorted({verdict.annotator for verdict in self.given})
        if unknown := sorted(set(names) - set(known)):
            raise UsageProblem(f"unknown annotator {unknown[0]!r}; known: {', '.join(known)}")

    def deciding(self, excluded: Collection[str] = ()) -> dict[str, list[Verdict]]:
        """The verdicts that make points, by candidate id: answers to gold never do."""
        hidden = {gold.candidate_id for gold in self.golds}
        return counted_verdicts((v for v in self.given if v.candidate_id not in hidden), excluded)

    def votes(self, excluded: Collection[str] = ()) -> dict[str, list[Verdict]]:
        """The verdicts that tell how far annotators can be trusted, by candidate id, gold included."""
        return counted_verdicts(self.given, excluded)


def object_paces(votes: Mapping[str, Sequence[Verdict]], object_of: Mapping[str, ObjectKey]) -> dict[ObjectKey, Pace]:
    """Active seconds by object.

    Args:
        votes: by candidate id.
        object_of: candidate id → object; answers to other candidates are passed over.
    """
    known = (verdict for candidate_id in votes if candidate_id in object_of for verdict in votes[candidate_id])
    return paces(known, lambda verdict: object_of[verdict.candidate_id])

"""Blind questions: candidates that are asked again without their claim, and what that tells of the claims' pull."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.digests import uniform
from schemas.points import PointCandidate
from stages.consensus.proportions import Proportion

_STATUS_OF_CLAIM = {True: "ACCEPTED", False: "REJECTED"}


@dataclass(frozen=True, slots=True)
class BlindCheck:
    """Answers that were given with the claim in view, held against answers to the same pixels without it.

    Attributes:
        confirmed: candidates with the same status both ways, of all that were answered both ways.
        let_stand: claims that stood although the blind answer contradicts them, of all that stood; where the blind
            answer is AMBIGUOUS it says nothing. An estimate of how many errors are left in what was confirmed.
    """

    confirmed: Proportion
    let_stand: Proportion

    @classmethod
    def joined(cls, parts: Sequence[BlindCheck]) -> BlindCheck:
        """The checks of parts of the candidates together."""
        return cls(_sum([part.confirmed for part in parts]), _sum([part.let_stand for part in parts]))


def blind_sample(candidates: Iterable[PointCandidate], share: float, seed: int = 0) -> list[PointCandidate]:
    """The candidates that are asked again, blindly: a matter of each one's id and the seed alone.

    So the same call always draws the same, and a larger share draws all that a smaller one does.

    Args:
        candidates: to draw from.
        share: of them, in [0, 1].
        seed: of the draw.
    """
    return [c for c in candidates if uniform("blind", seed, c.candidate_id) < share]


def check_blindly(seen: Mapping[str, str], blind: Mapping[str, str], is_fg: Mapping[str, bool]) -> BlindCheck:
    """Hold the answers against each other.

    Args:
        seen: status by candidate id of answers with the claim in view.
        blind: status by candidate id of blind answers.
        is_fg: what each candidate claims.
    """
    both = seen.keys() & blind.keys() & is_fg.keys()
    stood = [c for c in both if seen[c] == _STATUS_OF_CLAIM[is_fg[c]] and blind[c] != "AMBIGUOUS"]
    return BlindCheck(
        confirmed=Proportion(sum(seen[c] == blind[c] for c in both), len(both)),
        let_stand=Proportion(sum(seen[c] != blind[c] for c in stood), len(stood)),
    )


def _sum(shares: Sequence[Proportion]) -> Proportion:
    return Proportion(sum(share.part for share in shares), sum(share.whole for share in shares))

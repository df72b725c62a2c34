from __future__ import annotations

from schemas.points import PointCandidate
from stages.consensus.blind import blind_sample, check_blindly


def candidates(n: int) -> list[PointCandidate]:
    return [PointCandidate(f"c{i}", "v", "1", 0, 1, 2, i % 2 == 0, "interior", 1.0, 1.0, 0.5, 0, 0) for i in range(n)]


def names(found: list[PointCandidate]) -> set[str]:
    return {c.candidate_id for c in found}


def test_the_sample_depends_on_ids_alone_and_grows_with_the_share() -> None:
    asked = candidates(2000)
    tenth = blind_sample(asked, 0.1)
    assert 160 < len(tenth) < 240
    assert names(blind_sample(reversed(asked), 0.1)) == names(tenth)
    assert names(tenth) < names(blind_sample(asked, 0.2))
    assert names(blind_sample(asked, 0.1, seed=1)) != names(tenth)
    assert (blind_sample(asked, 0.0), blind_sample(asked, 1.0)) == ([], asked)


def test_the_sample_takes_no_side() -> None:
    sample = blind_sample(candidates(4000), 0.25)
    assert 0.45 < sum(c.is_fg_candidate for c in sample) / len(sample) < 0.55


def test_blind_answers_tell_what_was_let_stand() -> None:
    claims = {"a": True, "b": True, "c": False, "d": False, "e": True, "only_seen": True}
    seen = {
        "a": "ACCEPTED",
        "b": "ACCEPTED",
        "c": "REJECTED",
        "d": "ACCEPTED",
        "e": "ACCEPTED",
        "only_seen": "ACCEPTED",
    }
    blind = {"a": "ACCEPTED", "b": "REJECTED", "c": "ACCEPTED", "d": "ACCEPTED", "e": "AMBIGUOUS", "gone": "ACCEPTED"}
    found = check_blindly(seen, blind, claims)
    assert (found.confirmed.part, found.confirmed.whole) == (2, 5)  # a and d
    assert (found.let_stand.part, found.let_stand.whole) == (2, 3)  # b and c, of a, b and c

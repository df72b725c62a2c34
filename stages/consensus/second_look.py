"""Second look: an answer that contradicts the proposal is asked once more, blindly, and the second answer counts.

Few proposals are wrong, so most of what a careful annotator gets wrong are contradictions of right proposals: a slip of
the finger, a glance at the wrong crop. Two slips on the same pixel are rare, so asking a few answers again finds most
errors at little cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.reviews import Verdict

_CONTRADICTION = {True: "REJECTED", False: "ACCEPTED"}
"""The answer that says that a proposal, on the object or not, is wrong."""


def contradictions(deciding: Mapping[str, Sequence[Verdict]], is_fg: Mapping[str, bool]) -> list[str]:
    """Ids of the candidates that one person alone answered, against the proposal.

    What a person said of the whole frame (a flag) is not a slip at one pixel: such a frame needs a correction instead.

    Args:
        deciding: the verdicts that make points, by candidate id.
        is_fg: the claim by candidate id; answers to other candidates are passed over.
    """
    return [
        name
        for name, group in deciding.items()
        if len(group) == 1 and name in is_fg and group[0].status == _CONTRADICTION[is_fg[name]] and not group[0].flag
    ]


def with_second_looks(
    first: Mapping[str, Sequence[Verdict]], second: Mapping[str, Sequence[Verdict]]
) -> dict[str, list[Verdict]]:
    """The first answers with the second ones in their place.

    Where one person alone had answered, the second answer decides, whoever gave it. Where several had, it takes the
    place of the same person's first one and counts as one answer among theirs. A simulated answer never replaces a
    person's.

    Args:
        first: by candidate id, one verdict of each annotator.
        second: the same of second looks.
    """
    if not second:
        return {name: list(group) for name, group in sorted(first.items())}
    return {name: _replaced(first.get(name, ()), second.get(name, ())) for name in sorted({*first, *second})}


def _replaced(first: Sequence[Verdict], second: Sequence[Verdict]) -> list[Verdict]:
    if not second or _are_simulated(second) > _are_simulated(first):
        return list(first)
    if len(first) <= 1 or _are_simulated(first) > _are_simulated(second):
        return list(second)
    names = {verdict.annotator for verdict in second}
    kept = (verdict for verdict in first if verdict.annotator not in names)
    return sorted([*kept, *second], key=lambda verdict: verdict.annotator)


def _are_simulated(verdicts: Sequence[Verdict]) -> bool:
    """Either all verdicts that count for a candidate are simulated, or none."""
    return any(verdict.source == "simulated" for verdict in verdicts)

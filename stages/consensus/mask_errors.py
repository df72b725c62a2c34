"""What verdicts say about the masks: how often they claim too much, and how often they miss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from stages.consensus.clusters import ClusterSums
from stages.consensus.proportions import Proportion

Key = TypeVar("Key", bound=Hashable)

SIZES = ((0.01, "small, under 1 % of the frame"), (0.05, "medium, 1 to 5 %"), (1.01, "large, over 5 %"))
"""Upper ends of a mask's share of its frame, and what such masks are called."""


@dataclass(frozen=True, slots=True)
class MaskErrors:
    """Both kinds of error of some masks, on the candidates that were decided; AMBIGUOUS ones do not count.

    They are rates over the candidates as they were drawn, half of them near the edge, not over all pixels.

    Attributes:
        false_positive: of the candidates that the mask calls foreground, those that are not on the object.
        false_negative: of the candidates that the mask calls background, those that are on it.
    """

    false_positive: Proportion
    false_negative: Proportion

    @property
    def n(self) -> float:
        """Candidates behind both."""
        return self.false_positive.whole + self.false_negative.whole


@dataclass(slots=True)
class MaskTally(Generic[Key]):
    """Counts answers mask by mask for any number of groups, without keeping them.

    >>> tally = MaskTally[str]()
    >>> tally.add(["dog", "small"], [(True, "REJECTED"), (True, "ACCEPTED"), (False, "AMBIGUOUS")])
    >>> found = tally.errors()["dog"]
    >>> found.false_positive.rate, found.false_negative.whole
    (0.5, 0.0)
    """

    _sums: dict[Key, tuple[ClusterSums, ClusterSums]] = field(
        default_factory=lambda: defaultdict(lambda: (ClusterSums(), ClusterSums()))
    )

    def add(self, keys: Iterable[Key], answers: Iterable[tuple[bool, str]]) -> None:
        """Count the answers to one mask.

        Args:
            keys: the groups that the mask belongs to.
            answers: (the mask calls the candidate foreground, its status) of its candidates.
        """
        decided = [(is_fg, is_fg != (status == "ACCEPTED")) for is_fg, status in answers if status != "AMBIGUOUS"]
        wrong = {kind: [is_wrong for is_fg, is_wrong in decided if is_fg is kind] for kind in (True, False)}
        for key in keys:
            for kind, sums in zip((True, False), self._sums[key], strict=True):
                sums.add(sum(wrong[kind]), len(wrong[kind]))

    def errors(self) -> dict[Key, MaskErrors]:
        """The errors of each group, groups in the order in which they first came."""
        return {key: MaskErrors(fp.proportion(), fn.proportion()) for key, (fp, fn) in self._sums.items()}


def size_name(share: float) -> str:
    """What a mask that covers ``share`` of its frame is called.

    >>> size_name(0.02)
    'medium, 1 to 5 %'
    """
    return next(name for end, name in SIZES if share < end)

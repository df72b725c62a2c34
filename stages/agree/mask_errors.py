"""What verdicts say about the masks: how often they claim too much, and how often they miss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from stages.agree.proportions import Proportion

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


def mask_errors(answers: Iterable[tuple[Key, bool, str]]) -> dict[Key, MaskErrors]:
    """The errors of each group of masks, groups in the order in which they first come.

    Args:
        answers: (group, the candidate is called foreground, its status).

    >>> found = mask_errors([("dog", True, "REJECTED"), ("dog", True, "ACCEPTED"), ("dog", False, "AMBIGUOUS")])
    >>> found["dog"].false_positive.rate, found["dog"].false_negative.whole
    (0.5, 0)
    """
    counts: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for key, is_foreground, status in answers:
        tally = counts[key]
        if status != "AMBIGUOUS":
            place = 0 if is_foreground else 2
            tally[place] += status == ("REJECTED" if is_foreground else "ACCEPTED")
            tally[place + 1] += 1
    return {key: MaskErrors(Proportion(a, b), Proportion(c, d)) for key, (a, b, c, d) in counts.items()}


def size_name(share: float) -> str:
    """What a mask that covers ``share`` of its frame is called.

    >>> size_name(0.02)
    'medium, 1 to 5 %'
    """
    return next(name for end, name in SIZES if share < end)

"""Two answers that differ: nobody outvotes anybody, and only measured accuracy may decide.

Of two annotators, Dawid and Skene's model cannot tell who errs: it takes the side of whoever agrees more often with the
shares of all answers. Gold can tell, for its answers are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from schemas.reviews import Verdict
from stages.consensus.proportions import Proportion

GoldCounts = Mapping[tuple[str, bool], int]
"""How many answers to gold were right or wrong, by (annotator, is right)."""


def accuracies(counts: GoldCounts) -> dict[str, Proportion]:
    """Share of right answers to gold, by annotator.

    >>> accuracies({("al", True): 3, ("al", False): 1})["al"].rate
    0.75
    """
    names = sorted({name for name, _ in counts})
    right = {name: counts.get((name, True), 0) for name in names}
    return {name: Proportion(right[name], right[name] + counts.get((name, False), 0)) for name in names}


def is_split(verdicts: Sequence[Verdict]) -> bool:
    """Whether these are two answers that differ."""
    return len(verdicts) == 2 and verdicts[0].status != verdicts[1].status


def split_status(verdicts: Iterable[Verdict], accuracy: Mapping[str, Proportion]) -> str:
    """The status that two answers come to which differ.

    Args:
        verdicts: the two.
        accuracy: measured by gold, by annotator; others were not measured.

    Returns:
        The answer of the more accurate one where the 95 % intervals of both accuracies lie apart, else AMBIGUOUS.
    """
    worse, better = sorted(verdicts, key=lambda v: _interval(v, accuracy))
    is_clear = _interval(worse, accuracy)[1] < _interval(better, accuracy)[0]
    return better.status if is_clear else "AMBIGUOUS"


def _interval(verdict: Verdict, accuracy: Mapping[str, Proportion]) -> tuple[float, float]:
    return accuracy.get(verdict.annotator, Proportion(0, 0)).interval()

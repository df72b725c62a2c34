"""Two answers that differ: nobody outvotes anybody, and only measured accuracy may decide.

Of two annotators, Dawid and Skene's model cannot tell who errs: it takes the side of whoever agrees more often with the
shares of all answers. Gold can tell, for its answers are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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


Answer = tuple[str, str]
"""(annotator, status)"""


def is_split(answers: Sequence[Answer]) -> bool:
    """Whether these are two answers that differ.

    >>> is_split([("al", "ACCEPTED"), ("bo", "REJECTED")])
    True
    """
    return len(answers) == 2 and answers[0][1] != answers[1][1]


def split_status(answers: Iterable[Answer], accuracy: Mapping[str, Proportion]) -> str:
    """The status that two answers come to which differ.

    Args:
        answers: the two.
        accuracy: measured by gold, by annotator; others were not measured.

    Returns:
        The answer of the more accurate one where the 95 % intervals of both accuracies lie apart, else AMBIGUOUS.
    """
    worse, better = sorted(answers, key=lambda answer: _interval(answer, accuracy))
    is_clear = _interval(worse, accuracy)[1] < _interval(better, accuracy)[0]
    return better[1] if is_clear else "AMBIGUOUS"


def _interval(answer: Answer, accuracy: Mapping[str, Proportion]) -> tuple[float, float]:
    return accuracy.get(answer[0], Proportion(0, 0)).interval()

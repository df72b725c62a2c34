"""How far claims about single pixels agree with ground truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class PointClaim:
    """A pixel, what was claimed of it and what is true.

    Attributes:
        kind: claims of one kind are also counted apart (the stratum of a candidate, the status of a point).
        claimed: on the object, off it, or None when the claim is "cannot tell".
        truth: on the object, off it, or None when the ground truth leaves it open.
    """

    kind: str
    claimed: bool | None
    truth: bool | None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class PointScore:
    """Counts of claims, and the usual ratios of them; a ratio without any case is None.

    Attributes:
        true_fg: claimed on the object, and on it.
        false_fg: claimed on the object, but off it.
        true_bg: claimed off the object, and off it.
        false_bg: claimed off the object, but on it.
        n_ambiguous: the claim was "cannot tell"; not in any ratio.
        n_unknown: the ground truth is open there; not in any ratio.
    """

    true_fg: int
    false_fg: int
    true_bg: int
    false_bg: int
    n_ambiguous: int = 0
    n_unknown: int = 0

    def __add__(self, other: PointScore) -> PointScore:
        """The claims of both."""
        return PointScore(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def n(self) -> int:
        """Claims that could be judged."""
        return self.true_fg + self.false_fg + self.true_bg + self.false_bg

    @property
    def accuracy(self) -> float | None:
        """Share of claims that are right."""
        return _share(self.true_fg + self.true_bg, self.n)

    @property
    def fg_recall(self) -> float | None:
        """Share of the object's pixels that were claimed for it."""
        return _share(self.true_fg, self.true_fg + self.false_bg)

    @property
    def bg_specificity(self) -> float | None:
        """Share of the background's pixels that were claimed for it."""
        return _share(self.true_bg, self.true_bg + self.false_fg)

    @property
    def balanced_accuracy(self) -> float | None:
        """Mean of foreground recall and background specificity."""
        recall, specificity = self.fg_recall, self.bg_specificity
        return None if recall is None or specificity is None else (recall + specificity) / 2

    @property
    def fg_agreement(self) -> float | None:
        """Share of foreground claims that are right."""
        return _share(self.true_fg, self.true_fg + self.false_fg)

    @property
    def bg_agreement(self) -> float | None:
        """Share of background claims that are right."""
        return _share(self.true_bg, self.true_bg + self.false_bg)


def score_points(claims: Iterable[PointClaim]) -> PointScore:
    """Count the claims.

    >>> score_points([PointClaim("ring", False, True), PointClaim("interior", True, True)]).accuracy
    0.5
    """
    counts = dict.fromkeys(("true_fg", "false_fg", "true_bg", "false_bg", "n_ambiguous", "n_unknown"), 0)
    for claim in claims:
        counts[_outcome(claim)] += 1
    return PointScore(**counts)


def score_by_kind(claims: Iterable[PointClaim]) -> dict[str, PointScore]:
    """One score a kind, by name."""
    by_kind: dict[str, list[PointClaim]] = {}
    for claim in claims:
        by_kind.setdefault(claim.kind, []).append(claim)
    return {kind: score_points(group) for kind, group in sorted(by_kind.items())}


def _outcome(claim: PointClaim) -> str:
    if claim.claimed is None:
        return "n_ambiguous"
    if claim.truth is None:
        return "n_unknown"
    return f"{'true' if claim.claimed == claim.truth else 'false'}_{'fg' if claim.claimed else 'bg'}"

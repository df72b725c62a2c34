"""How human work can be spent on an object, and what it buys: rounds of clicks, then points on frames to verify."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mix:
    """One way to spend work, and what it bought where it was tried.

    Attributes:
        rounds: of clicks, the first click counted.
        frames: verified frames an object.
        points: candidates a frame.
        seconds: of human work per object.
        j_and_f: of the masks, mean over objects.
        verified: points an object that people could tell, on the object or off it.
        right: share of these whose label is true.
    """

    rounds: int
    frames: int
    points: int
    seconds: float
    j_and_f: float
    verified: float
    right: float


@dataclass(frozen=True, slots=True)
class BudgetOutcome:
    """What a budget buys of one mix.

    Attributes:
        mix: the mix.
        objects: that the budget is enough for, at most all there are.
        verified: points on all of them.
    """

    mix: Mix
    objects: int
    verified: float


def efficient(mixes: Iterable[Mix]) -> list[Mix]:
    """The mixes that no other beats in seconds, masks and points at once; the cheapest first."""
    ordered = sorted(mixes, key=lambda one: (one.seconds, -one.j_and_f, -one.verified))
    return [one for one in ordered if not any(_beats(other, one) for other in ordered)]


def _beats(other: Mix, one: Mix) -> bool:
    theirs = (-other.seconds, other.j_and_f, other.verified)
    own = (-one.seconds, one.j_and_f, one.verified)
    return theirs != own and all(a >= b for a, b in zip(theirs, own, strict=True))


def purchases(mixes: Sequence[Mix], budget_s: float, n_objects: int) -> list[BudgetOutcome]:
    """What so many seconds of human work achieve with each mix, for at most ``n_objects``."""
    found = []
    for mix in mixes:
        objects = min(n_objects, int(budget_s / mix.seconds)) if mix.seconds else n_objects
        found.append(BudgetOutcome(mix, objects, objects * mix.verified))
    return found


def best_masks(bought: Sequence[BudgetOutcome]) -> BudgetOutcome:
    """The mix with the best masks among those that reach the most objects; of equals, the one with more points."""
    most = max(one.objects for one in bought)
    return max((one for one in bought if one.objects == most), key=lambda one: (one.mix.j_and_f, one.mix.verified))


def most_points(bought: Sequence[BudgetOutcome]) -> BudgetOutcome:
    """The mix that gives the most verified points; of equals, the one with better masks."""
    return max(bought, key=lambda one: (one.verified, one.mix.j_and_f))

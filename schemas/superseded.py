"""Masks that a later correction round replaced or removed: with them any round can be read back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from schemas.masks import Mask


@dataclass(frozen=True, slots=True)
class SupersededMask(Mask):
    """A mask as it was before a round.

    Attributes:
        until_round: the round that replaced or removed it.
    """

    until_round: int = 0

    def mask(self) -> Mask:
        """The row as it stood in ``masks``."""
        return Mask(**_values(self))


def superseded(mask: Mask, until_round: int) -> SupersededMask:
    """A row of ``masks`` that a round takes out."""
    return SupersededMask(**_values(mask), until_round=until_round)


def masks_at(masks: Iterable[Mask], old: Iterable[SupersededMask], number: int) -> list[Mask]:
    """The masks of a video after round ``number``, by object and frame.

    Args:
        masks: of the present state.
        old: that were superseded by any round.
        number: 0 for the first annotation.
    """
    kept = [mask for mask in masks if mask.round <= number]
    kept += [one.mask() for one in old if one.round <= number < one.until_round]
    return sorted(kept, key=lambda mask: (mask.object_id, mask.frame_idx))


def _values(mask: Mask) -> dict[str, Any]:
    return {field.name: getattr(mask, field.name) for field in fields(Mask)}

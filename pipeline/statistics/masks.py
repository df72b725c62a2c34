"""What a run's answers say about its masks: errors by source, model, size and object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.masks import Mask
from schemas.points import PointCandidate
from stages.consensus.mask_errors import MaskErrors, MaskTally, size_name

Group = tuple[str, ...]
"""What masks are grouped by, then which group: ``("source", "segmenter")``, ``("object", video_id, object_id)``."""

KINDS = ("source", "model", "size")


@dataclass(slots=True)
class MaskAnswers:
    """Tallies of a run's masks, filled video by video."""

    _tally: MaskTally[Group] = field(default_factory=MaskTally)

    def add(self, masks: Iterable[Mask], candidates: Iterable[PointCandidate], statuses: Mapping[str, str]) -> None:
        """Count the answers to one video's candidates, each for the mask that proposed it.

        Args:
            masks: of the video.
            candidates: of the video.
            statuses: candidate id → what its verdicts come to.
        """
        answered: dict[tuple[str, int, int], list[tuple[bool, str]]] = defaultdict(list)
        for c in candidates:
            if status := statuses.get(c.candidate_id):
                answered[c.object_id, c.frame_idx, c.round].append((c.is_fg_candidate, status))
        asked = {(object_id, frame_idx) for object_id, frame_idx, _ in answered}
        drawn = {(m.object_id, m.frame_idx): m for m in masks if (m.object_id, m.frame_idx) in asked}
        for (object_id, frame_idx, last_round), answers in answered.items():
            mask = drawn.get((object_id, frame_idx))
            if mask is not None and mask.round <= last_round:
                self._tally.add(_groups(mask), answers)

    def errors(self) -> dict[Group, MaskErrors]:
        """All groups that have an answer."""
        return self._tally.errors()


def _groups(mask: Mask) -> Sequence[Group]:
    size = size_name(mask.area_px / (mask.height * mask.width))
    return ("source", mask.source), ("model", mask.model), ("size", size), ("object", mask.video_id, mask.object_id)

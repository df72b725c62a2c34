"""The verified points of a video, as its masks are held to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_records, unit_rows
from schemas import tables
from schemas.elements import ObjectFrame
from schemas.videos import Video
from stages.refine.constraints import VerifiedPoint


@dataclass(frozen=True, slots=True)
class Verified:
    """Verified points by object and frame, AMBIGUOUS ones left out.

    Attributes:
        points: all of them.
        in_doubt: pixels (x, y) of those that were asked where the mask was in doubt.
    """

    points: Mapping[ObjectFrame, Sequence[VerifiedPoint]]
    in_doubt: Mapping[ObjectFrame, Collection[tuple[int, int]]]

    @classmethod
    def read(cls, run: RunFolder, video: Video) -> Verified:
        """What ``merge`` made of the answers to a video's candidates."""
        points: dict[ObjectFrame, list[VerifiedPoint]] = {}
        in_doubt: dict[ObjectFrame, set[tuple[int, int]]] = defaultdict(set)
        doubted = _asked_in_doubt(run, video)
        for point in unit_records(run, tables.POINTS, video):
            if point.label is not None:
                key = point.object_id, point.frame_idx
                points.setdefault(key, []).append((point.x, point.y, point.label))
                if point.candidate_id in doubted:
                    in_doubt[key].add((point.x, point.y))
        return cls(points, in_doubt)


def _asked_in_doubt(run: RunFolder, video: Video) -> frozenset[str]:
    """Ids of candidates of the uncertain stratum."""
    rows = unit_rows(run, tables.CANDIDATES, video, ["candidate_id"], [("stratum", "=", "uncertain")])
    return frozenset(rows["candidate_id"].to_pylist())

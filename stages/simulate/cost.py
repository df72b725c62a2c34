"""What annotation costs people, in seconds.

Sources: clicks and scribbles, Bearman et al. 2016; extreme clicking, Papadopoulos et al. 2017; polygons, Lin et al.
2014; the rest are estimates for a contact sheet with pre-labels.
"""

from __future__ import annotations

from dataclasses import dataclass

CLICK_S = 1.5
SCRIBBLE_S = 11.0
BOX_S = 7.0
POLYGON_S = 79.0
POINT_S = 0.9
VERIFY_S = 1.0
"""Budgeted seconds a point: an answer of POINT_S and a margin for hard ones."""
FRAME_SWITCH_S = 2.0
LOCALIZATION_S = {"clicks": CLICK_S, "scribble": SCRIBBLE_S, "trace": SCRIBBLE_S, "box": BOX_S, "mask": POLYGON_S}
"""Seconds to make one localization, by kind; a click counts each."""


@dataclass(frozen=True, slots=True)
class HumanCost:
    """Seconds of human work on a dataset.

    Attributes:
        localizing_s: making the rough localizations.
        verifying_s: answering the candidates: a second a point and a pause a frame.
        polygons_s: outlining every one of the same object-frames by hand instead.
    """

    localizing_s: float
    verifying_s: float
    polygons_s: float

    @property
    def total_s(self) -> float:
        """All work of this way."""
        return self.localizing_s + self.verifying_s


def human_cost(n_localizations: dict[str, int], n_object_frames: int, n_points: int) -> HumanCost:
    """Estimate the work.

    Args:
        n_localizations: count by kind, one of LOCALIZATION_S; clicks are counted one by one.
        n_object_frames: annotated (object, frame) pairs.
        n_points: candidates.

    >>> human_cost({"clicks": 1}, 10, 200).total_s
    221.5
    """
    localizing = sum(LOCALIZATION_S[kind] * n for kind, n in n_localizations.items())
    verifying = n_object_frames * FRAME_SWITCH_S + n_points * VERIFY_S
    return HumanCost(localizing, verifying, n_object_frames * POLYGON_S)

"""What annotation costs people, in seconds; the source stands beside each figure.

Where no source is named, the figure is an estimate of ours for the page or the contact sheet that pointvos shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.corrections import Correction

CLICK_S = 1.5
"""A click within an interaction: Bearman et al., "What's the Point" (ECCV 2016), 0.9–2.4 s per point."""
INTERACTION_S = 1.0
"""To see what is wrong on a frame before the first click; with CLICK_S a first click takes 2.5 s."""
SCRIBBLE_S = 11.0
"""Bearman et al. 2016: 10.9 s a free-form squiggle."""
BOX_S = 7.0
"""Papadopoulos et al., "Extreme Clicking" (ICCV 2017)."""
POLYGON_S = 79.0
"""Lin et al., "Microsoft COCO" (ECCV 2014), 79.2 s an instance."""
POINT_S = 0.9
"""Yes or no to a point that is shown."""
VERIFY_S = 1.0
"""Budgeted seconds per point: an answer of POINT_S and a margin for hard ones."""
ABSENT_S = 3.0
"""To see that an object is not there, and to say so."""
LOCK_S = 1.0
"""To see that a mask is right, and to say so."""
FRAME_SWITCH_S = 2.0
"""To another frame, until the object is found on it."""
SAM2_FRAME_S = 4.5
"""A frame of a video with a tracking model in the loop: Ravi et al., "SAM 2" (2024), phase 3 of its data engine."""
LOCALIZATION_S = {"clicks": CLICK_S, "scribble": SCRIBBLE_S, "trace": SCRIBBLE_S, "box": BOX_S, "mask": POLYGON_S}
"""Seconds to make one localization, by kind; a click counts each."""


@dataclass(frozen=True, slots=True)
class HumanCost:
    """Seconds of human work on a dataset.

    Attributes:
        localizing_s: making the rough localizations.
        verifying_s: answering the candidates: a second a point and a pause a frame.
        polygons_s: outlining every one of the same object-frames by hand instead.
        tracked_s: correcting every one of them with a tracking model in the loop instead.
    """

    localizing_s: float
    verifying_s: float
    polygons_s: float
    tracked_s: float = 0.0

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
    return HumanCost(localizing, verifying, n_object_frames * POLYGON_S, n_object_frames * SAM2_FRAME_S)


def clicking_s(n_clicks: int, n_frames: int = 1) -> float:
    """Seconds of clicks on so many frames.

    >>> clicking_s(1), clicking_s(3)
    (4.5, 7.5)
    """
    return n_frames * (FRAME_SWITCH_S + INTERACTION_S) + n_clicks * CLICK_S


def corrections_s(corrections: Iterable[Correction]) -> float:
    """Seconds of the corrections of one video and one round; objects that are corrected on a frame share the switch.

    >>> corrections_s([Correction("v", "1", 4, "clicks", 1, (1.0, 2.0), (1.0, 2.0), (1, 0)), \
                       Correction("v", "2", 4, "lock", 1)])
    7.0
    """
    seconds, frames = 0.0, set()
    for one in corrections:
        frames.add(one.frame_idx)
        seconds += {"absent": ABSENT_S, "lock": LOCK_S}.get(one.kind, INTERACTION_S + CLICK_S * len(one.x))
    return seconds + FRAME_SWITCH_S * len(frames)

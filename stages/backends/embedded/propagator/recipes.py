"""The numbers behind the embedded propagator; tuned once, on sequences that no test uses as its figure."""

from __future__ import annotations

from dataclasses import dataclass, field

from stages.backends.embedded.features.grids import FAST_PIXELS, FULL_PIXELS
from stages.backends.embedded.segmenter.click_predictor import SIDE


@dataclass(frozen=True, slots=True)
class Scale:
    """One ridge classifier an object.

    Attributes:
        strength: ridge strength λ.
        anchored: weight of the anchors' moments against those of the frames since.
        renewed: share of each frame that is learned from in the running moments.
        band: the near background reaches this many cells from the object.
        gain: logits a unit of score.
        limit: largest logit either way.
    """

    strength: float
    anchored: float
    renewed: float
    band: float
    gain: float
    limit: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that the embedded propagator does not learn from the video.

    Attributes:
        pixels: working size, in pixels.
        coarse: the classifier on cells of stride 8.
        fine: the classifier on cells of stride 4.
        fine_weight: weight of the fine logits against the coarse ones.
        prior_weight: weight of the logits carried over from the last frame.
        undrawn_weight: the same where the click network does not draw the mask.
        distance_cost: logits lost a cell of stride 8 away from where the object was.
        reach: cells of stride 8 around the object in which it is looked for.
        sharpness: slope of the final probability after edges are drawn.
        radius: guided-filter radius, in pixels of the working size.
        epsilon: guided-filter regulariser.
        alike: from this intersection over union of what the classifiers find and the click network draws, every
            other frame is drawn only.
        drawn: of so many objects at most the click network draws the masks of a frame.
        side: pixels of the longer side at which the click network sees the object's surroundings.
        min_area: nothing is learned from masks below this share of the anchor's area.
    """

    pixels: int = FULL_PIXELS
    coarse: Scale = field(default=Scale(strength=0.1, anchored=0.7, renewed=0.19, band=14, gain=6.0, limit=6.0))
    fine: Scale = field(default=Scale(strength=0.005, anchored=0.5, renewed=0.19, band=5, gain=6.0, limit=3.0))
    fine_weight: float = 1.5
    prior_weight: float = 0.3
    undrawn_weight: float = 1.0
    distance_cost: float = 0.6
    reach: int = 10
    sharpness: float = 8.0
    radius: int = 12
    epsilon: float = 2e-3
    alike: float = 0.9
    drawn: int = 3
    side: int = SIDE
    min_area: float = 0.1


FULL = Recipe()
FAST = Recipe(pixels=FAST_PIXELS, side=320)

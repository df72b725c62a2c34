"""Every knob of the sampling."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

_SHARES = (
    "foreground_share",
    "uncertain_share",
    "other_object_share",
    "foreground_keep",
    "prefer_quality",
    "skip_worst",
    "least_quality",
)


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """How frames are chosen and points drawn; the area A of a mask is in pixels.

    Attributes:
        frames: annotated frames an object.
        points: candidates an object and frame, fewer where the mask is small.
        seed: of everything that is drawn.
        prefer_quality: share of each time bin, around its centre, in which the frame of best quality is taken; 0
            takes the centre.
        skip_worst: share of the frames, those of least quality, that are never chosen.
        least_quality: frames whose quality is below this share of what the object's best tenth reaches are never
            chosen either, so that an object that is lost gets fewer frames.
        foreground_share: share of the points that is drawn inside the mask.
        uncertain_share: share of the points that is drawn where colours leave it open whether a pixel is the object's.
        other_object_share: share of the background points that is drawn on other objects of the group, if any.
        erosion_scale: the mask is eroded by clip(erosion_scale · √A, erosion_min_px, erosion_max_px).
        erosion_min_px: least erosion.
        erosion_max_px: most erosion.
        foreground_keep: least share of the eroded mask that foreground points are drawn from, its surest pixels.
        cover: that share grows until the points cover this times as much of the mask as uniform ones would; a pixel is
            covered when a point is within 0.2 · √A of it. 0 keeps to ``foreground_keep``.
        ring_inner_px: background starts this far from the mask.
        ring_slack: where the quality q is low, it starts ring_slack · (1 − q) · √A farther out.
        ring_scale: the ring ends at max(ring_least_px, ring_scale · √A) beyond its start.
        ring_least_px: least width of the ring.
        spread_px: least distance between two points of a stratum, lowered by tenths until they find room.
        spread_scale: the distance is at least spread_scale · √(area of the stratum / number of points).
        pixels_per_point: a stratum of fewer pixels than this times the points gets fewer points.
        uncertain_band: (low, high) of the uncertain stratum: share of the mask among the pixels in it and around it
            that have a pixel's colour, each side counted as one.
    """

    frames: int = 10
    points: int = 20
    seed: int = 0
    prefer_quality: float = 0.8
    skip_worst: float = 0.2
    least_quality: float = 0.75
    foreground_share: float = 0.5
    uncertain_share: float = 0.0
    other_object_share: float = 0.3
    erosion_scale: float = 0.02
    erosion_min_px: float = 1.0
    erosion_max_px: float = 5.0
    foreground_keep: float = 0.1
    cover: float = 0.95
    ring_inner_px: float = 3.0
    ring_slack: float = 0.25
    ring_scale: float = 0.25
    ring_least_px: float = 10.0
    spread_px: float = 3.0
    spread_scale: float = 1.0
    pixels_per_point: int = 16
    uncertain_band: tuple[float, float] = (0.3, 0.7)

    def of_any_quality(self) -> SamplingOptions:
        """The same, but frames are chosen by time alone: where masks are to be corrected, bad ones count too."""
        return replace(self, prefer_quality=0.0, skip_worst=0.0, least_quality=0.0)

    def __post_init__(self) -> None:
        for name in ("frames", "points"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} must be at least 1")
        for name in _SHARES:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} {getattr(self, name)} is not in [0, 1]")
        for item in fields(self):
            if item.name.endswith(("_px", "_scale", "_slack")) and getattr(self, item.name) < 0:
                raise ValueError(f"{item.name} {getattr(self, item.name)} is negative")
        if not 0.0 <= self.cover <= 2.0:
            raise ValueError(f"cover {self.cover} is not in [0, 2]")
        if self.pixels_per_point < 1:
            raise ValueError(f"pixels_per_point {self.pixels_per_point} must be at least 1")
        low, high = self.uncertain_band
        if not 0.0 <= low < high <= 1.0:
            raise ValueError(f"uncertain_band {self.uncertain_band} is not (low, high) with 0 <= low < high <= 1")

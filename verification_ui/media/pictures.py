"""The pictures of each design, composed. Images are (H, W, 3) uint8 BGR."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schemas.coords import scale_points
from schemas.masks import Mask
from schemas.points import PointCandidate
from verification_ui.media import drawing
from verification_ui.media.drawing import Image
from verification_ui.page.hotkeys import CANDIDATE_KEYS

TILE_PX, SINGLE_TILE_PX = 192, 512
_FRAME_LONGEST_PX, _REFERENCE_LONGEST_PX = (854, 1280), (640, 854)


def crops(image: Image, candidates: Sequence[PointCandidate], mask_area_px: int) -> Image:
    """(TILE_PX, N · TILE_PX, 3): the crops side by side, in the order of the task; a single one is larger."""
    side = drawing.crop_side_px(mask_area_px, image.shape[0], image.shape[1])
    tile_px = TILE_PX if len(candidates) > 1 else SINGLE_TILE_PX
    return np.concatenate([drawing.crop(image, c.x, c.y, side, tile_px) for c in candidates], axis=1)


def keyed_frame(image: Image, candidates: Sequence[PointCandidate]) -> Image:
    """The frame with a ring around every candidate in the colour of its claim, and its key."""
    shown, scale = _enlarged(image)
    colours = [drawing.ON_COLOUR if c.is_fg_candidate else drawing.OFF_COLOUR for c in candidates]
    xy_px = np.array([_centre(c, scale) for c in candidates])
    drawing.keyed_rings(shown, xy_px, CANDIDATE_KEYS[: len(candidates)], colours)
    return shown


def blind_frame(image: Image, candidate: PointCandidate) -> Image:
    """The frame with a ring that is the same whatever the candidate claims."""
    shown, scale = _enlarged(image)
    drawing.neutral_ring(shown, *_centre(candidate, scale))
    return shown


def reference(image: Image, mask: Mask, is_blind: bool) -> Image:
    """The object in ``image``: by its outline, or for a blind question by the corners of a loose box."""
    height, width, _ = drawing.shown_size(image.shape[0], image.shape[1], _REFERENCE_LONGEST_PX)
    inside = drawing.resized(mask.decode().astype(np.uint8), height, width) > 0
    shown = drawing.resized(image, height, width)
    return drawing.cornered(shown, inside) if is_blind else drawing.outlined(shown, inside)


def no_reference() -> Image:
    """What is shown when no picture of the object was kept."""
    return np.full((90, 160, 3), 40, dtype=np.uint8)


def _enlarged(image: Image) -> tuple[Image, float]:
    height, width, scale = drawing.shown_size(image.shape[0], image.shape[1], _FRAME_LONGEST_PX)
    return drawing.resized(image, height, width), scale


def _centre(candidate: PointCandidate, scale: float) -> tuple[float, float]:
    """(x, y) of the middle of the candidate's pixel in a picture that is ``scale`` times as large."""
    x, y = scale_points(np.array([candidate.x, candidate.y]), scale).tolist()
    return x, y

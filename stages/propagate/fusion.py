"""Two maps about one object, one from each side in time, become one."""

from __future__ import annotations

import numpy as np

from schemas.iou import iou
from stages.propagate.probability_maps import Bytes, ProbabilityMap

_LEAST_QUALITY = 0.05


def fuse(forward: ProbabilityMap, backward: ProbabilityMap, nearness: float) -> ProbabilityMap:
    """Weigh two maps by how near their anchors are in time and by their quality.

    The more evenly both sides count, the more their disagreement lowers the quality. An object that one side sees
    is never lost: where the mean holds no object any more, the stronger side stands alone.

    Args:
        forward: propagated from the anchor before.
        backward: propagated from the anchor behind.
        nearness: in [0, 1], 1 on the anchor before and 0 on the anchor behind.
    """
    weight_forward = nearness * max(forward.quality, _LEAST_QUALITY)
    weight_backward = (1 - nearness) * max(backward.quality, _LEAST_QUALITY)
    share = weight_forward / (weight_forward + weight_backward)
    probability = _mean(forward.probability, backward.probability, share)
    if not _seen(probability).any():
        return forward if share * forward.probability.max() >= (1 - share) * backward.probability.max() else backward
    doubt = min(share, 1 - share) * (1 - iou(_seen(forward.probability), _seen(backward.probability)))
    quality = (share * forward.quality + (1 - share) * backward.quality) * (1 - doubt)
    return ProbabilityMap(probability, _mean(forward.trust, backward.trust, share), quality)


def _mean(one: Bytes, other: Bytes, share: float) -> Bytes:
    return np.rint(share * one.astype(np.float32) + (1 - share) * other.astype(np.float32)).astype(np.uint8)


def _seen(probability: Bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return probability > 127

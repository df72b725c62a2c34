"""Which frames of an object people look at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from stages.sample_points.options import SamplingOptions


def choose_frames(
    qualities: Mapping[int, float], reference: int | None, options: SamplingOptions, doubted: int | None = None
) -> list[int]:
    """Frames spread over the time in which the object is visible; those nearest two special ones give way to them.

    The frames are the centres ⌊(i + 0.5) N / T⌋ of T bins over the N visible frames, or the best frames near them.

    Args:
        qualities: frame index → quality of the mask, for every frame on which the object is visible.
        reference: the frame that the object was localized on; ignored when the object is not visible there.
        options: ``frames``, ``prefer_quality``, ``skip_worst`` and ``least_quality`` matter.
        doubted: a frame that people should see however bad its mask is; left out when there is room for one frame.

    Returns:
        At most ``options.frames`` frame indices, ascending, without repetition.

    >>> steady = SamplingOptions(frames=3, prefer_quality=0, skip_worst=0)
    >>> choose_frames(dict.fromkeys(range(30), 0.5), 0, steady)
    [0, 15, 25]
    """
    visible = _worth_asking(qualities, options)
    n_bins = min(options.frames, len(visible))
    chosen = [_pick(visible, qualities, i, n_bins, options.prefer_quality) for i in range(n_bins)]
    special: list[int] = []
    for wanted in (reference, doubted):
        if wanted is None or wanted not in qualities or len(special) == len(chosen):
            continue
        special.append(wanted)
        if wanted not in chosen:
            _, place = min((abs(idx - wanted), place) for place, idx in enumerate(chosen) if idx not in special)
            chosen[place] = wanted
    return sorted(chosen)


def _worth_asking(qualities: Mapping[int, float], options: SamplingOptions) -> list[int]:
    """Visible frames without the worst, and without those far below what the object's masks usually reach."""
    best_first = sorted(qualities, key=lambda idx: (-qualities[idx], idx))
    if len(best_first) <= options.frames:
        return sorted(best_first)
    usual = qualities[best_first[len(best_first) // 10]]
    n_kept = max(options.frames, round(len(best_first) * (1 - options.skip_worst)))
    return sorted(idx for idx in best_first[:n_kept] if qualities[idx] >= options.least_quality * usual)


def _pick(visible: Sequence[int], qualities: Mapping[int, float], bin_: int, n_bins: int, prefer: float) -> int:
    """The best frame within ``prefer`` of the bin, around its centre; of equals the one nearest the centre."""
    width = len(visible) / n_bins
    centre = int((bin_ + 0.5) * width)
    first = max(math.ceil(bin_ * width), math.ceil(centre - prefer * width / 2))
    end = min(math.ceil((bin_ + 1) * width), math.floor(centre + prefer * width / 2) + 1)
    near = range(min(first, centre), max(end, centre + 1))
    return visible[max(near, key=lambda place: (qualities[visible[place]], -abs(place - centre), -place))]

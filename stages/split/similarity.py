"""Which videos show the same pictures, by the hashes of their frames.

Frames of two videos whose hashes agree exactly in one of eight parts are compared; what has such frames is compared as
a whole. So thousands of videos are searched without comparing each with each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from schemas.splits import Fingerprint
from stages.split.frame_hash import Hashes, frames_of, mirrored, views_of

SAME_BITS = 26
"""Two frames show the same when their hashes differ in at most so many of 128 bits. Measured on thirteen videos: frames
of different ones differ in 34 or more, frames that were scaled, compressed or brightened in 12 at most."""
SAME_SHARE = 0.3
"""Two videos are alike when so much of the remembered frames of one is found in the other."""
_BANDS = 8
_AT_ONCE = 1 << 21
_CROWDED = 20_000
"""A part of a hash that so many frames have tells nothing."""

Pair = tuple[int, int]


def alike_pairs(found: Sequence[Fingerprint]) -> list[Pair]:
    """Places (i, j), i < j, of videos that are alike, or that are the same file."""
    same_file = _runs({i: one.sha256 for i, one in enumerate(found) if one.sha256})
    frames = [frames_of(one.frames) for one in found]
    views = [views_of(one.views) for one in found]
    alike = {pair for pair in _candidates(frames, views) if _are_alike(pair, frames, views)}
    return sorted({*same_file, *alike})


def _runs(values: Mapping[int, str]) -> Iterator[Pair]:
    """Places that follow each other among those of one value."""
    order = sorted(values, key=lambda i: (values[i], i))
    return ((i, j) for i, j in pairwise(order) if values[i] == values[j])


def _candidates(frames: Sequence[Hashes], views: Sequence[Hashes]) -> set[Pair]:
    """Pairs with at least one frame in common."""
    if not frames:
        return set()
    owners = np.repeat(np.arange(len(frames)), [len(own) for own in frames])
    index = np.concatenate(frames)
    seen = [own.reshape(-1, 2) for own in views]
    askers = np.repeat(np.arange(len(seen)), [len(own) for own in seen])
    plain = np.concatenate(seen)
    pairs: set[Pair] = set()
    for asked in (plain, mirrored(plain)):
        for band in range(_BANDS):
            for query, entry in _equal(asked.view(np.uint16)[:, band], index.view(np.uint16)[:, band]):
                bits = np.bitwise_count(asked[query] ^ index[entry]).sum(axis=1)
                is_same = (bits <= SAME_BITS) & (askers[query] != owners[entry])
                both = np.sort(np.stack([askers[query[is_same]], owners[entry[is_same]]], axis=1), axis=1)
                pairs.update((int(i), int(j)) for i, j in np.unique(both, axis=0))
    return pairs


def _equal(
    queries: NDArray[np.uint16], entries: NDArray[np.uint16]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Places of equal values in two arrays, many at a time."""
    order = np.argsort(entries, kind="stable")
    values = entries[order]
    first, last = (np.searchsorted(values, queries, side) for side in ("left", "right"))
    counts = np.where(last - first > _CROWDED, 0, last - first)
    for chunk in _chunks(counts):
        n = counts[chunk]
        query = np.repeat(np.arange(chunk.start, chunk.stop), n)
        offset = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
        yield query, order[np.repeat(first[chunk], n) + offset]


def _chunks(counts: NDArray[np.int64]) -> Iterable[slice]:
    """Ranges of queries with about as many results as fit into memory."""
    piece = np.cumsum(counts) // _AT_ONCE
    starts = np.flatnonzero(np.diff(piece, prepend=-1))
    return [slice(int(start), int(stop)) for start, stop in pairwise([*starts, len(counts)])]


def _are_alike(pair: Pair, frames: Sequence[Hashes], views: Sequence[Hashes]) -> bool:
    i, j = pair
    return max(_share(views[i], frames[j]), _share(views[j], frames[i])) >= SAME_SHARE


def _share(views: Hashes, frames: Hashes) -> float:
    """How much of a video is found in another, by one and the same view of its frames, mirrored or not.

    Args:
        views: (N, N_VIEWS, 2) of the one.
        frames: (M, 2) of the other.

    Returns:
        The larger one of two shares: of the N frames that show one of the M, and of the M that are shown.
    """
    if not len(views) or not len(frames):
        return 0.0
    shares = []
    for asked in (views, mirrored(views)):
        is_same = np.bitwise_count(asked[:, :, None] ^ frames).sum(axis=-1, dtype=np.uint16) <= SAME_BITS
        shares += [is_same.any(axis=2).mean(axis=0).max(), is_same.any(axis=0).mean(axis=1).max()]
    return float(max(shares))

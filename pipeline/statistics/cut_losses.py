"""Object-frames that have no mask because of a shot cut: masks never cross one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_rows, videos_of
from schemas import tables


def lost_to_cuts(cuts: Sequence[int], n_frames: int, masks: Iterable[tuple[str, int]]) -> int:
    """How many (object, frame) pairs lie in shots that the object was never localized in.

    Args:
        cuts: first frames of new shots, ascending.
        n_frames: of the video.
        masks: (object id, frame index) of every mask.

    >>> lost_to_cuts([10, 15], 30, [("1", 0), ("1", 9), ("1", 16), ("2", 3)])
    25
    """
    lengths = [end - start for start, end in zip([0, *cuts], [*cuts, n_frames], strict=True)]
    shown = {(object_id, bisect_right(cuts, frame_idx)) for object_id, frame_idx in masks}
    n_objects = len({object_id for object_id, _ in shown})
    return n_objects * n_frames - sum(lengths[shot] for _, shot in shown)


def lost_in_run(folder: RunFolder) -> int:
    """The same over all videos of a run; only masks of those with cuts are read."""
    total = 0
    for video in videos_of(folder):
        if video.cuts:
            masks = unit_rows(folder, tables.MASKS, video, ["object_id", "frame_idx"])
            pairs = zip(masks["object_id"].to_pylist(), masks["frame_idx"].to_pylist(), strict=True)
            total += lost_to_cuts(video.cuts, video.n_frames, pairs)
    return total

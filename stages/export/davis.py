"""Masks as DAVIS keeps them: one PNG of object indices a frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from schemas.masks import Mask
from schemas.natural_order import natural_order
from schemas.videos import Video

MOST_OBJECTS = 254
"""Indices of one byte, without 0 (background) and 255 (void)."""


def frame_name(video_id: str, frame_idx: int, stems: Sequence[str] = ()) -> str:
    """Where the PNG of a frame lies: ``Annotations/<video_id>/<frame>.png``.

    Args:
        video_id: the video.
        frame_idx: 0-based decode index.
        stems: names of all frames without extension, of a folder of frames; its masks keep them.

    Raises:
        ValueError: the id would lead out of the folder.

    >>> frame_name("dog", 7), frame_name("dog", 1, ["img_0001", "img_0002"])
    ('Annotations/dog/00007.png', 'Annotations/dog/img_0002.png')
    """
    parts = PurePosixPath(video_id).parts
    if ".." in parts or video_id.startswith("/"):
        raise ValueError(f"video id {video_id!r} leads out of the export's folder")
    stem = stems[frame_idx] if frame_idx < len(stems) else f"{frame_idx:05d}"
    return str(PurePosixPath("Annotations", *parts, f"{stem}.png"))


def object_indices(object_ids: Iterable[str]) -> dict[str, int]:
    """Object id → index. Ids that are numbers of 1..254 already keep them; else ids are numbered in natural order.

    Raises:
        ValueError: there are more objects than indices.

    >>> object_indices(["3", "1"]), object_indices(["man", "dog"]), object_indices(["10", "2", "0"])
    ({'1': 1, '3': 3}, {'dog': 1, 'man': 2}, {'0': 1, '2': 2, '10': 3})
    """
    ids = sorted(set(object_ids), key=natural_order)
    if len(ids) > MOST_OBJECTS:
        raise ValueError(
            f"{len(ids)} objects do not fit into the 8-bit PNGs of DAVIS, which hold {MOST_OBJECTS}; annotate them in "
            "several runs"
        )
    if all(i.isdecimal() and str(int(i)) == i and 1 <= int(i) <= MOST_OBJECTS for i in ids):
        return {i: int(i) for i in ids}
    return {object_id: index for index, object_id in enumerate(ids, start=1)}


def index_maps(
    video: Video, masks: Sequence[Mask], indices: Mapping[str, int], *, has_small_on_top: bool = False
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Every decoded frame of a video as (frame index, (H, W) uint8 index map); zeros where no object is.

    Where masks overlap, the one of better quality is on top, or the smaller one; of several rounds the latest counts.
    """

    def height(mask: Mask) -> tuple[float, str]:
        return (-mask.area_px if has_small_on_top else mask.quality), mask.object_id

    by_frame: dict[int, dict[str, Mask]] = defaultdict(dict)
    for mask in sorted(masks, key=lambda m: m.round):
        by_frame[mask.frame_idx][mask.object_id] = mask
    for frame_idx in sorted(set(range(video.n_frames)) - set(video.lost)):
        labels = np.zeros((video.height, video.width), dtype=np.uint8)
        for mask in sorted(by_frame[frame_idx].values(), key=height):
            labels[mask.decode()] = indices[mask.object_id]
        yield frame_idx, labels

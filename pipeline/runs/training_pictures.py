"""What a run has to teach: its verified points, and the masks that they agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_records, videos_of
from schemas import tables
from schemas.masks import Mask
from schemas.points import PointLabel
from schemas.videos import Video
from stages.backends.embedded.training.pictures import Picture, decode_image, hold_out, make_picture

LEAST_POINTS = 4
"""So many points must agree with a mask, both sides among them, for the whole mask to be believed."""
Points = NDArray[np.int64]


def read_run(run: RunFolder) -> tuple[list[Picture], list[str]]:
    """Frames with verified points, and what could not be used, in words; whole videos are held out.

    A mask that all its points agree with is true; of another one only the points are, and the mask is a guess.
    """
    pictures: list[Picture] = []
    groups: list[str] = []
    problems: list[str] = []
    for video in videos_of(run):
        try:
            found = list(_pictures(run, video))
        except (OSError, ValueError) as problem:
            problems.append(f"{video.video_id}: {problem}")
            continue
        pictures += found
        groups += [video.video_id] * len(found)
    return hold_out(pictures, groups), problems


def is_confirmed(mask: NDArray[np.bool_], points: Points) -> bool:
    """Whether (N, 3) verified pixels, x, y and label, confirm a (H, W) bool mask."""
    says = mask[points[:, 1], points[:, 0]]
    is_right = says == (points[:, 2] == 1)
    return bool(len(points) >= LEAST_POINTS and is_right.all() and 0 < says.sum() < len(says))


def _pictures(run: RunFolder, video: Video) -> Iterator[Picture]:
    frames: dict[int, dict[str, list[PointLabel]]] = defaultdict(lambda: defaultdict(list))
    for point in unit_records(run, tables.POINTS, video):
        if point.label is not None:
            frames[point.frame_idx][point.object_id].append(point)
    if not frames:
        return
    masks = {(mask.object_id, mask.frame_idx): mask for mask in unit_records(run, tables.MASKS, video)}
    for frame_idx, objects in sorted(frames.items()):
        file = run.frame_file(video.video_id, frame_idx)
        image = decode_image(file.read_bytes(), str(file))
        found = [_target(masks.get((name, frame_idx)), own, image.shape) for name, own in sorted(objects.items())]
        drawn, known = [mask for mask, _ in found], [points for _, points in found]
        if picture := make_picture(f"{video.video_id}/{frame_idx}", str(run), image, drawn, known):
            yield picture


def _target(
    mask: Mask | None, points: Sequence[PointLabel], shape: tuple[int, ...]
) -> tuple[NDArray[np.bool_], Points]:
    """A mask, and the points where only they are true."""
    drawn = np.zeros(shape[:2], dtype=bool) if mask is None else mask.decode()
    if drawn.shape != shape[:2]:
        raise ValueError(f"its frames have {shape[1]}x{shape[0]} pixels, its masks {drawn.shape[1]}x{drawn.shape[0]}")
    known = np.array([(point.x, point.y, point.label) for point in points], dtype=np.int64)
    return drawn, known[:0] if is_confirmed(drawn, known) else known

"""Clips of a few annotated frames, chosen by chance that a seed decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from stages.train.points import FramePoints, ObjectPoints

PADDING = -1
"""Label of a place that holds no point."""


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """What a clip holds.

    Attributes:
        frames: of a clip; an object is annotated on at least two of them where it has two annotated frames.
        objects: at most so many.
        points: of an object on a frame, at most.
        between: frames without points between two annotated ones, spread evenly; 0 for none. With them, the annotated
            frames are neighbours of each other; else they are any of a video.
    """

    frames: int = 3
    objects: int = 3
    points: int = 20
    between: int = 0

    @property
    def length(self) -> int:
        """Frames in all."""
        return self.frames + (self.frames - 1) * self.between

    def __post_init__(self) -> None:
        if self.between < 0:
            raise ValueError(f"between {self.between} must be at least 0")
        for name in ("frames", "objects", "points"):
            if getattr(self, name) < 1:
                raise ValueError(f"a clip of {getattr(self, name)} {name} holds nothing")


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Which frames and objects make a clip.

    Attributes:
        frame_idx: ascending; the last one is repeated where the video has too few annotated frames, and frames are
            repeated where too few lie between annotated ones.
        object_ids: at most as many as asked for.
        points: for every object and frame its points, or None.
    """

    frame_idx: tuple[int, ...]
    object_ids: tuple[str, ...]
    points: tuple[tuple[FramePoints | None, ...], ...]


def draw_clip(video: Mapping[str, ObjectPoints], options: ClipOptions, random: np.random.Generator) -> Clip:
    """Choose frames and objects.

    One object is drawn first, and frames of it, the first of which has a point on it: it is the reference. Then come
    others that have a point on them on that frame too.

    Args:
        video: the points of its objects; at least one object with a point on it.
        options: how many.
        random: decides.

    Raises:
        ValueError: no object has a point on it.
    """
    starts = {object_id: [i for i, here in own.items() if here.labels.any()] for object_id, own in video.items()}
    known = [object_id for object_id, frames in starts.items() if frames]
    if not known:
        raise ValueError("no object of the video has a point on it")
    first = known[random.integers(len(known))]
    annotated = _draw_frames(list(video[first]), starts[first], options, random)
    frames = _with_between(annotated, options.between)
    others = [object_id for object_id in known if object_id != first and frames[0] in starts[object_id]]
    random.shuffle(others)
    chosen = (first, *sorted(others[: options.objects - 1]))
    points = tuple(
        tuple(
            None if n % (options.between + 1) else _sampled(video[object_id].get(i), options.points, random)
            for n, i in enumerate(frames)
        )
        for object_id in chosen
    )
    return Clip(frames, chosen, points)


def _draw_frames(
    annotated: list[int], starts: list[int], options: ClipOptions, random: np.random.Generator
) -> tuple[int, ...]:
    """A reference and frames behind it: the next ones if others lie between; the last one again if they are too few."""
    starts = [i for i in starts if i < annotated[-1]] or starts
    reference = starts[random.integers(len(starts))]
    behind = [i for i in annotated if i > reference]
    n_behind = min(options.frames - 1, len(behind))
    if options.between:
        later = behind[:n_behind]
    else:
        later = sorted(random.choice(behind, n_behind, replace=False).tolist()) if n_behind else []
    frames = [reference, *later]
    return tuple(frames + [frames[-1]] * (options.frames - len(frames)))


def _with_between(annotated: tuple[int, ...], between: int) -> tuple[int, ...]:
    """``between`` frames more between each two, spread evenly.

    >>> _with_between((0, 4, 5), 1)
    (0, 2, 4, 4, 5)
    """
    steps = between + 1
    pairs = pairwise(annotated)
    return tuple(a + (b - a) * n // steps for a, b in pairs for n in range(steps)) + annotated[-1:]


def _sampled(here: FramePoints | None, n_points: int, random: np.random.Generator) -> FramePoints | None:
    """At most ``n_points``, as many on the object as off it where there are enough of both."""
    if here is None or len(here.labels) <= n_points:
        return here
    order = random.permutation(len(here.labels))
    on, off = (order[here.labels[order] == label] for label in (1, 0))
    n_on = min(len(on), max(-(-n_points // 2), n_points - len(off)))
    kept = np.sort(np.concatenate([on[:n_on], off[: n_points - n_on]]))
    return FramePoints(here.xy[kept], here.labels[kept])

"""Every instance of what words mean: found on frames all over a video, and told apart by overlap.

A detector sees each frame by itself. What it finds on one frame is the object of an earlier frame where their boxes
overlap, the earlier one moved on as it moved before; else it is a new object, also in mid-video. An object is localized
on every frame on which it is seen more clearly than on all before, like one of a single expression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Box, Clicks, Expression, Localization
from schemas.rejects import Reject
from stages.backends.localizer import InstanceLocalizer, Located

STAGE = "localize"
EVERY = 12
"""Frames between two looks; objects move less than their own size in that time, mostly."""
MOST_LOOKS = 60
SAME_IOU = 0.3
"""Boxes of two looks that overlap more are of one object."""
MOST_INSTANCES = 20
"""Of one expression; the surest are taken."""

Corners = NDArray[np.float64]


def frames_to_scan(n_frames: int) -> tuple[int, ...]:
    """Where to look for instances, ascending; the first frame alone when the length is not known.

    >>> frames_to_scan(30), len(frames_to_scan(7200))
    ((0, 12, 24), 60)
    """
    step = max(EVERY, -(-n_frames // MOST_LOOKS))
    return tuple(range(0, max(n_frames, 1), step))


@dataclass(slots=True)
class Instance:
    """One object on its way.

    Attributes:
        found: its localizations, each surer than the one before.
        score: of the last of them.
        frame_idx: of the last look that saw it.
        corners: (4,) xyxy there.
        speed: (4,) pixels that the corners moved by a frame.
    """

    found: list[Localization]
    score: float
    frame_idx: int
    corners: Corners
    speed: Corners = field(default_factory=lambda: np.zeros(4))

    def expected(self, frame_idx: int) -> Corners:
        """(4,) xyxy on a later frame."""
        return self.corners + self.speed * (frame_idx - self.frame_idx)

    def move(self, frame_idx: int, corners: Corners) -> None:
        """Take where it was seen next."""
        self.speed = (corners - self.corners) / (frame_idx - self.frame_idx)
        self.frame_idx, self.corners = frame_idx, corners


@dataclass(slots=True)
class InstanceSearch:
    """The search through one video for all instances of some expressions.

    Attributes:
        localizer: the model.
        asked: localizations whose hints are expressions of every instance.
        instances: by object of ``asked``, what was found so far, in order of appearance.
    """

    localizer: InstanceLocalizer
    asked: Sequence[Localization]
    instances: dict[str, list[Instance]] = field(default_factory=dict)

    def search_frame(self, image: NDArray[np.uint8], frame_idx: int) -> None:
        """Look on one frame ((H, W, 3) uint8 RGB); frames come in order."""
        hints = [one.hint for one in self.asked if isinstance(one.hint, Expression)]
        for one, found in zip(self.asked, self.localizer.locate_all(image, hints), strict=True):
            known = self.instances.setdefault(one.object_id, [])
            matches = matched([known_one.expected(frame_idx) for known_one in known], [_corners(x) for x in found])
            for i, located in enumerate(found):
                place = self._place(one, located, frame_idx)
                if i not in matches:
                    known.append(Instance([place], located.score, frame_idx, _corners(located)))
                    continue
                instance = known[matches[i]]
                instance.move(frame_idx, _corners(located))
                if located.score > instance.score:
                    instance.found.append(place)
                    instance.score = located.score

    def localizations(self) -> list[Localization]:
        """Of all instances; the objects of ``cat`` are called ``cat-1``, ``cat-2`` and so on, as they appear."""
        named = []
        for object_id, found in self.instances.items():
            surest = sorted(found, key=lambda instance: -instance.score)[:MOST_INSTANCES]
            kept = [instance for instance in found if any(instance is one for one in surest)]
            for number, instance in enumerate(kept, start=1):
                named += [replace(place, object_id=f"{object_id}-{number}") for place in instance.found]
        return named

    def rejects(self) -> list[Reject]:
        """Expressions without any instance, and those with more instances than are used."""
        rejects = []
        for one in self.asked:
            n, key = len(self.instances.get(one.object_id, ())), f"{one.video_id}/{one.object_id}"
            if not n:
                detail = f"{self.localizer.name} found no instance of {one.expression!r} on any frame"
                rejects.append(Reject(STAGE, key, "not_seen", detail, one.input_uri))
            elif n > MOST_INSTANCES:
                detail = f"{n} instances of {one.expression!r} were found; the {MOST_INSTANCES} most confident are used"
                rejects.append(Reject(STAGE, key, "too_many_instances", detail, one.input_uri))
        return rejects

    def _place(self, one: Localization, located: Located, frame_idx: int) -> Localization:
        rule = f"{self.localizer.name}: {located.what} {located.score:.2f}"
        return replace(one, frame_idx=frame_idx, hint=located.hint, rule=rule)


def matched(expected: Sequence[Corners], seen: Sequence[Corners]) -> Mapping[int, int]:
    """Index in ``seen`` → index in ``expected`` of the same object; pairs that overlap most come first."""
    pairs = [(box_iou(a, b), i, j) for j, a in enumerate(expected) for i, b in enumerate(seen)]
    matches: dict[int, int] = {}
    for overlap, i, j in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if overlap >= SAME_IOU and i not in matches and j not in matches.values():
            matches[i] = j
    return matches


def box_iou(one: Corners, other: Corners) -> float:
    """Intersection over union of two xyxy boxes.

    >>> round(box_iou(np.array([0.0, 0, 2, 2]), np.array([1.0, 0, 3, 2])), 3)
    0.333
    """
    inner = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(inner.clip(min=0)))
    areas = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]))
    return shared / (areas - shared) if areas > shared else 0.0


def _corners(located: Located) -> Corners:
    match located.hint:
        case Box():
            return np.asarray(located.hint.xyxy_px, dtype=np.float64)
        case Clicks():
            xy = np.asarray(located.hint.xy_px, dtype=np.float64)
            return np.concatenate([xy.min(axis=0), xy.max(axis=0) + 1])

"""Opinions and candidates become point labels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from schemas.points import PointCandidate, PointLabel
from stages.consensus.opinions import Opinion

LABELS = {"ACCEPTED": 1, "REJECTED": 0, "AMBIGUOUS": None}


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What a point inherits from its object: its words, and the registry keys of the models that drew its masks."""

    object_name: str = ""
    expression: str = ""
    segmenter: str = ""
    propagator: str = ""


def merge_points(
    candidates: Iterable[PointCandidate],
    opinions: Mapping[str, Opinion],
    objects: Mapping[str, ObjectFacts],
    time_s: Callable[[int], float],
    split: str = "train",
) -> list[PointLabel]:
    """The labels of one video's candidates; a candidate that nobody answered gives none.

    Args:
        candidates: of one video.
        opinions: by candidate id.
        objects: facts by object id.
        time_s: presentation time of a frame of the video in seconds, by frame index.
        split: of the video.
    """
    return [
        _label(c, opinions[c.candidate_id], objects.get(c.object_id, ObjectFacts()), time_s, split)
        for c in candidates
        if c.candidate_id in opinions
    ]


def split_of(video_id: str, val_share: float) -> str:
    """``train`` or ``val``, by a hash of the video's id: the same in every run, whatever other videos there are.

    >>> split_of("dog", 0.0), split_of("dog", 1.0)
    ('train', 'val')
    """
    place = int.from_bytes(hashlib.sha256(video_id.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64
    return "val" if place < val_share else "train"


def _label(
    candidate: PointCandidate, opinion: Opinion, facts: ObjectFacts, time_s: Callable[[int], float], split: str
) -> PointLabel:
    return PointLabel(
        video_id=candidate.video_id,
        object_id=candidate.object_id,
        object_name=facts.object_name,
        expression=facts.expression,
        frame_idx=candidate.frame_idx,
        time_s=time_s(candidate.frame_idx),
        x=candidate.x,
        y=candidate.y,
        label=LABELS[opinion.status],
        status=opinion.status,
        is_fg_candidate=candidate.is_fg_candidate,
        split=split,
        segmenter=facts.segmenter,
        propagator=facts.propagator,
        round=candidate.round,
        n_verdicts=opinion.n_verdicts,
        candidate_id=candidate.candidate_id,
        decided_by=opinion.decided_by,
    )

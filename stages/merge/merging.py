"""Verdicts and candidates become point labels."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.points import PointCandidate, PointLabel
from schemas.reviews import Verdict

LABELS = {"ACCEPTED": 1, "REJECTED": 0, "AMBIGUOUS": None}


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What a point inherits from its object: its words, and the registry keys of the models that drew its masks."""

    object_name: str = ""
    expression: str = ""
    segmenter: str = ""
    propagator: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What several verdicts on one candidate come to."""

    status: str
    n_verdicts: int


def group_verdicts(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """Verdicts by candidate id."""
    by_candidate: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_candidate[verdict.candidate_id].append(verdict)
    return dict(by_candidate)


def merge_opinions(verdicts: Sequence[Verdict]) -> Opinion:
    """The majority of the annotators' latest verdicts; a tie is AMBIGUOUS.

    People outvote the simulated annotator: where a person answered, it is not heard.

    Args:
        verdicts: at least one, all on one candidate.
    """
    human = [verdict for verdict in verdicts if verdict.source != "simulated"]
    latest: dict[str, Verdict] = {}
    for verdict in sorted(human or verdicts, key=lambda v: (v.decided_at, v.annotation_id)):
        latest[verdict.annotator] = verdict
    votes = Counter(verdict.status for verdict in latest.values()).most_common()
    tied = len(votes) > 1 and votes[0][1] == votes[1][1]
    return Opinion("AMBIGUOUS" if tied else votes[0][0], len(latest))


def merge_points(
    candidates: Iterable[PointCandidate],
    verdicts: Mapping[str, Sequence[Verdict]],
    objects: Mapping[str, ObjectFacts],
    time_s: Callable[[int], float],
    val_share: float = 0.1,
) -> list[PointLabel]:
    """The labels of one video's candidates; a candidate that nobody answered gives none.

    Args:
        candidates: of one video.
        verdicts: by candidate id.
        objects: facts by object id.
        time_s: presentation time of a frame of the video in seconds, by frame index.
        val_share: share of all videos that go to the ``val`` split.
    """
    return [
        _label(c, merge_opinions(verdicts[c.candidate_id]), objects.get(c.object_id, ObjectFacts()), time_s, val_share)
        for c in candidates
        if c.candidate_id in verdicts
    ]


def split_of(video_id: str, val_share: float) -> str:
    """``train`` or ``val``, by a hash of the video's id: the same in every run, whatever other videos there are.

    >>> split_of("dog", 0.0), split_of("dog", 1.0)
    ('train', 'val')
    """
    place = int.from_bytes(hashlib.sha256(video_id.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64
    return "val" if place < val_share else "train"


def _label(
    candidate: PointCandidate, opinion: Opinion, facts: ObjectFacts, time_s: Callable[[int], float], val_share: float
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
        split=split_of(candidate.video_id, val_share),
        segmenter=facts.segmenter,
        propagator=facts.propagator,
        round=candidate.round,
        n_verdicts=opinion.n_verdicts,
        candidate_id=candidate.candidate_id,
    )

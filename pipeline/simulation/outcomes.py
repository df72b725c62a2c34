"""What rounds came to, read from the run folder: J&F, clicks and seconds of people after each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.runs.rounds import VideoRounds
from pipeline.simulation.rounds import Session
from stages.evaluate.davis import score_objects
from stages.evaluate.interactive import HORIZON_S, round_auc, score_at, time_auc


@dataclass(frozen=True, slots=True)
class RoundOutcome:
    """One video after one round.

    Attributes:
        frames: that were worked on in it.
        n_given: clicks or answers, on all objects.
        seconds: of a person's work in it.
        j_and_f: mean over objects of the mean over all annotated frames.
    """

    frames: tuple[int, ...]
    n_given: int
    seconds: float
    j_and_f: float


@dataclass(frozen=True, slots=True)
class VideoOutcome:
    """One video.

    Attributes:
        video_id: the video.
        n_objects: of its ground truth.
        rounds: in order, the first one the annotation.
        n_labels: pixels that were labelled by clicks or answers behind the first hints.
        n_kept: of these, those that the masks of the last round agree with.
    """

    video_id: str
    n_objects: int
    rounds: tuple[RoundOutcome, ...]
    n_labels: int = 0
    n_kept: int = 0


def outcome_of(session: Session) -> VideoOutcome:
    """The rounds of one video that are done.

    Raises:
        ValueError: none is.
    """
    video = session.video()
    if video is None:
        raise ValueError(f"{session.file.video_id} is not annotated")
    rounds = VideoRounds.read(session.run, video)
    found = [
        RoundOutcome(one.frames, one.n_given, one.seconds, _mean(session, rounds, one.number))
        for one in session.interactions(rounds)
    ]
    kept = _kept(session, rounds)
    n_objects = len({loc.object_id for loc in session.job.localizations})
    return VideoOutcome(video.video_id, n_objects, tuple(found), len(kept), sum(kept))


def _kept(session: Session, rounds: VideoRounds) -> list[bool]:
    """Of every label that was given, whether the mask of the last round agrees with it."""
    masks = {(mask.object_id, mask.frame_idx): mask for mask in rounds.at(rounds.number)}
    drawn: dict[tuple[str, int], NDArray[np.bool_] | None] = {}
    kept = []
    for one in session.labels(rounds):
        key = one.object_id, one.frame_idx
        if key not in drawn:
            drawn[key] = masks[key].decode() if key in masks else None
        mask = drawn[key]
        kept.append((mask is not None and bool(mask[one.y, one.x])) == one.is_on)
    return kept


def _mean(session: Session, rounds: VideoRounds, number: int) -> float:
    scores = [one for own in session.scores(rounds.at(number)).values() for one in own]
    objects = score_objects(session.file.video_id, scores, list(session.truth.paths), "all-frames")
    return fmean(one.j_and_f for one in objects)


@dataclass(frozen=True, slots=True)
class Curve:
    """All videos together; every object counts the same.

    Attributes:
        scores: mean J&F after each round.
        ends_s: seconds of work per object until the end of each round.
        given: clicks or answers, an object and round.
        in_mask: share of the labels of clicks or answers that the last masks agree with; 1 without any.
    """

    scores: tuple[float, ...]
    ends_s: tuple[float, ...]
    given: tuple[float, ...]
    in_mask: float = 1.0

    @classmethod
    def of(cls, videos: Sequence[VideoOutcome], n_rounds: int) -> Curve:
        """The curve of at most ``n_rounds`` rounds; a video with fewer stays as its last round left it."""
        n_objects = sum(one.n_objects for one in videos)
        scores, seconds, given = [], [], []
        for number in range(min(n_rounds, max((len(one.rounds) for one in videos), default=0))):
            done = [(one.n_objects, one.rounds[min(number, len(one.rounds) - 1)]) for one in videos]
            here = [one.rounds[number] for one in videos if number < len(one.rounds)]
            scores.append(sum(weight * found.j_and_f for weight, found in done) / n_objects)
            seconds.append(sum(found.seconds for found in here) / n_objects)
            given.append(sum(found.n_given for found in here) / n_objects)
        n_labels = sum(one.n_labels for one in videos)
        in_mask = sum(one.n_kept for one in videos) / n_labels if n_labels else 1.0
        return cls(tuple(scores), tuple(accumulate(seconds)), tuple(given), in_mask)

    def measures(self) -> dict[str, float]:
        """R-AUC-J&F, AUC-J&F, J&F after a minute of work an object, and the share of points that masks agree with."""
        return {
            "R-AUC-J&F": round_auc(self.scores),
            f"AUC-J&F ({HORIZON_S:.0f} s)": time_auc(self.scores, self.ends_s),
            f"J&F@{HORIZON_S:.0f}s": score_at(self.scores, self.ends_s),
            "points in mask": self.in_mask,
        }

    def seconds_an_answer(self) -> float:
        """Seconds of work of every click or answer behind the first hints; 0 without any."""
        n_given = sum(self.given[1:])
        return (self.ends_s[-1] - self.ends_s[0]) / n_given if n_given else 0.0

    def rows(self) -> list[dict[str, Any]]:
        """One row a round."""
        return [
            {"round": number, "J&F": score, "given": given, "seconds": seconds}
            for number, (score, given, seconds) in enumerate(zip(self.scores, self.given, self.ends_s, strict=True), 1)
        ]

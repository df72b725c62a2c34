"""Frames whose masks annotators found wrong: by a flag on the whole frame, or by many wrong points."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.runs.partitioning import AskedCandidate, FrameKey
from schemas.reviews import Verdict

LEAST_WRONG, LEAST_SHARE = 3, 0.3
"""Wrong points, and their share of those that are decided, from which on a frame is worth correcting."""
FLAGS = {"wrong_object": "another object", "absent": "not in this frame"}
"""Flags that say that the mask is wrong, as people read them."""


@dataclass(frozen=True, slots=True)
class FlaggedFrame:
    """One object on one frame.

    Attributes:
        video_id: the video.
        object_id: stable within the video.
        frame_idx: 0-based decode index.
        why: what was said, such as ``another object`` or ``7 of 20 points wrong``.
        n_wrong: points that people contradict.
    """

    video_id: str
    object_id: str
    frame_idx: int
    why: str
    n_wrong: int

    @property
    def key(self) -> tuple[str, str, int]:
        """Video, object and frame."""
        return self.video_id, self.object_id, self.frame_idx

    @property
    def place(self) -> str:
        """As ``pointvos studio --open`` takes it."""
        return f"{self.video_id}:{self.frame_idx}"


def studio_command(run: str, place: str) -> str:
    """How the studio is opened at a frame, as it is typed in a shell.

    >>> studio_command("runs/first", "a clip:12")
    "pointvos studio --run runs/first --open 'a clip:12'"
    """
    return shlex.join(["pointvos", "studio", "--run", run, "--open", place])


@dataclass(slots=True)
class FlagTally:
    """Takes the verdicts that count in parts; what it keeps grows with the frames that were asked about."""

    _n_decided: Counter[FrameKey] = field(default_factory=Counter)
    _n_wrong: Counter[FrameKey] = field(default_factory=Counter)
    _flags: dict[FrameKey, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, deciding: Mapping[str, Sequence[Verdict]], asked: Mapping[str, AskedCandidate]) -> None:
        """Take verdicts by candidate id; simulated ones and those on other candidates are passed over."""
        for candidate_id, found in deciding.items():
            candidate = asked.get(candidate_id)
            for verdict in found if candidate else ():
                if candidate and verdict.source != "simulated":
                    self._n_decided[candidate.frame] += verdict.status != "AMBIGUOUS"
                    self._n_wrong[candidate.frame] += verdict.status == ("REJECTED" if candidate.is_fg else "ACCEPTED")
                    if said := {flag for flag in verdict.flag.split() if flag in FLAGS}:
                        self._flags[candidate.frame] |= said

    def frames(self) -> list[FlaggedFrame]:
        """The frames that annotators found wrong, those with flags first, then those with the most wrong points."""
        found = [
            FlaggedFrame(*key, _why(self._flags.get(key, ()), n_wrong, self._n_decided[key]), n_wrong)
            for key, n_wrong in self._n_wrong.items()
            if key in self._flags or (n_wrong >= LEAST_WRONG and n_wrong >= LEAST_SHARE * self._n_decided[key])
        ]
        return sorted(found, key=lambda one: (one.key not in self._flags, -one.n_wrong, one.place, one.object_id))


def _why(flags: Iterable[str], n_wrong: int, n_decided: int) -> str:
    said = [FLAGS[flag] for flag in sorted(flags)]
    return ", ".join(said) if said else f"{n_wrong} of {n_decided} points wrong"

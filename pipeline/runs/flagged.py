"""Frames whose masks annotators found wrong: by a flag on the whole frame, or by many wrong points."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runs.folder import RunFolder
from schemas import tables
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


def flagged_frames(run: RunFolder, deciding: Mapping[str, Sequence[Verdict]]) -> list[FlaggedFrame]:
    """The frames that annotators found wrong, those with flags first, then those with the most wrong points.

    Args:
        run: the run.
        deciding: the verdicts that count, by candidate id; simulated ones are passed over.
    """
    people = {one: [v for v in found if v.source != "simulated"] for one, found in deciding.items()}
    votes = {one: found for one, found in people.items() if found}
    n_decided: dict[tuple[str, str, int], int] = defaultdict(int)
    n_wrong: dict[tuple[str, str, int], int] = defaultdict(int)
    flags: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    for candidate_id, key, is_fg in _asked(run, votes):
        flags[key] |= {flag for verdict in votes[candidate_id] for flag in verdict.flag.split() if flag in FLAGS}
        for verdict in votes[candidate_id]:
            n_decided[key] += verdict.status != "AMBIGUOUS"
            n_wrong[key] += verdict.status == ("REJECTED" if is_fg else "ACCEPTED")
    found = [
        FlaggedFrame(*key, _why(flags[key], n_wrong[key], n_decided[key]), n_wrong[key])
        for key in n_decided
        if flags[key] or (n_wrong[key] >= LEAST_WRONG and n_wrong[key] >= LEAST_SHARE * n_decided[key])
    ]
    return sorted(
        found, key=lambda one: (not flags[one.video_id, one.object_id, one.frame_idx], -one.n_wrong, one.place)
    )


def _why(flags: Iterable[str], n_wrong: int, n_decided: int) -> str:
    said = [FLAGS[flag] for flag in sorted(flags)]
    return ", ".join(said) if said else f"{n_wrong} of {n_decided} points wrong"


def _asked(run: RunFolder, votes: Mapping[str, object]) -> Iterable[tuple[str, tuple[str, str, int], bool]]:
    """(candidate id, (video, object, frame), claimed as foreground) of candidates that have votes."""
    columns = ["candidate_id", "video_id", "object_id", "frame_idx", "is_fg_candidate"]
    wanted = pa.array(list(votes), pa.string())
    rows = tables.CANDIDATES.read(run.path, pc.field("candidate_id").isin(wanted), columns) if votes else None
    for row in rows.to_pylist() if rows is not None else ():
        yield row["candidate_id"], (row["video_id"], row["object_id"], row["frame_idx"]), row["is_fg_candidate"]

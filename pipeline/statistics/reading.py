"""The rows of one video that the report is made of, each table read once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.runs.folder import RunFolder
from pipeline.runs.rounds import VideoRounds
from pipeline.runs.units import localization_rows, unit_records
from schemas import tables
from schemas.flags import Flag
from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.repairs import Repair
from schemas.videos import Video


@dataclass(frozen=True, slots=True, eq=False)
class VideoReading:
    """One video.

    Attributes:
        video: the video.
        rounds: its masks and corrections.
        candidates: of all objects.
        statuses: candidate id → what its verdicts come to.
        repairs: decisions on masks that were found poor.
        flags: frames whose masks contradict what people said, after refining.
        words: object id → (object name, expression), the first that any of its localizations gives.
        localized: object id → the frames that it was localized on, in order.
        n_localizations: kind → count, clicks one by one.
    """

    video: Video
    rounds: VideoRounds
    candidates: Sequence[PointCandidate]
    statuses: Mapping[str, str]
    repairs: Sequence[Repair]
    flags: Sequence[Flag]
    words: Mapping[str, tuple[str, str]]
    localized: Mapping[str, Sequence[int]]
    n_localizations: Mapping[str, int]

    @classmethod
    def of(cls, run: RunFolder, video: Video, statuses: Mapping[str, str]) -> VideoReading:
        """Read it; ``statuses`` are what the verdicts on its candidates come to."""
        words: dict[str, tuple[str, str]] = {}
        frames: dict[str, set[int]] = defaultdict(set)
        counts: dict[str, int] = defaultdict(int)
        for row in localization_rows(run, video):
            name, expression = words.get(row["object_id"], ("", ""))
            words[row["object_id"]] = (name or row["object_name"], expression or row["expression"])
            frames[row["object_id"]].add(row["frame_idx"])
            counts[row["kind"]] += len(row["x"]) if row["kind"] == "clicks" else 1
        return cls(
            video,
            VideoRounds.read(run, video),
            unit_records(run, tables.CANDIDATES, video),
            statuses,
            unit_records(run, tables.REPAIRS, video),
            unit_records(run, tables.FLAGS, video),
            words,
            {one: sorted(own) for one, own in frames.items()},
            counts,
        )

    def masks(self) -> dict[str, dict[int, Mask]]:
        """Object id → frame → the present mask."""
        found: dict[str, dict[int, Mask]] = defaultdict(dict)
        for mask in self.rounds.masks:
            found[mask.object_id][mask.frame_idx] = mask
        return dict(found)

"""Which videos of a run are exported, and the checks before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pipeline.runs import splits
from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from pipeline.runs.ranges import in_ranges, video_keys
from pipeline.terminal.console import UsageProblem, WorkProblem, quoted
from schemas import tables
from schemas.ranges import VideoKey, VideoRange
from stages.export.point_vos import video_name


class ExportScope(StrEnum):
    """What of a run is exported."""

    VERIFIED = "verified"
    ALL = "all"


def pointed_ranges(folder: RunFolder, only: ExportScope, split: str | None) -> list[VideoRange]:
    """The videos whose points are exported, of one split or of all; those without points only add to the unanswered.

    Raises:
        UsageProblem: there is nothing to export.
    """
    if only is ExportScope.VERIFIED and not tables.POINTS.files(folder.path):
        raise UsageProblem(
            f"run {folder.path} has no points; make them with: pointvos merge --run {quoted(folder.path)}, or export "
            "unanswered candidates too, with --only all"
        )
    return in_ranges(_of_split(folder, video_keys(folder), split))


def masked_ranges(folder: RunFolder, only: ExportScope, split: str | None) -> list[VideoRange]:
    """The videos whose masks are exported, of one split or of all; where only verified masks are, those with points.

    Raises:
        UsageProblem: there is nothing to export.
    """
    if only is ExportScope.ALL:
        return in_ranges(_of_split(folder, video_keys(folder), split))
    return in_ranges(_pointed(folder, [key for found in pointed_ranges(folder, only, split) for key in found.videos]))


def require_names(folder: RunFolder, ranges: Sequence[VideoRange], only: ExportScope) -> None:
    """Raise WorkProblem when two videos would have one name in the Point-VOS format."""
    keys = [key for found in ranges for key in found.videos]
    video_ids: dict[str, str] = {}
    for video_id in (key.video_id for key in (_pointed(folder, keys) if only is ExportScope.VERIFIED else keys)):
        there = video_name(video_id)
        if (other := video_ids.setdefault(there, video_id)) != video_id:
            raise WorkProblem(
                f"videos {other!r} and {video_id!r} would both be called {there!r} in this format; "
                "give one of them another file name and annotate it again"
            )


def splits_of(folder: RunFolder) -> dict[str, str]:
    """Video id → split, as ``pointvos split`` decided; else of the videos that have points."""
    if found := splits.splits_of(folder):
        return found
    rows = tables.POINTS.read(folder.path, columns=["video_id", "split"]).group_by(["video_id", "split"]).aggregate([])
    return dict(zip(rows["video_id"].to_pylist(), rows["split"].to_pylist(), strict=True))


def _pointed(folder: RunFolder, keys: Sequence[VideoKey]) -> list[VideoKey]:
    pointed = set(tables.POINTS.stems(folder.path))
    return [key for key in keys if unit_name(key.video_id, key.unit) in pointed]


def _of_split(folder: RunFolder, keys: list[VideoKey], split: str | None) -> list[VideoKey]:
    if split is None:
        return keys
    known = splits_of(folder)
    if split not in known.values():
        there = ", ".join(sorted({*known.values()})) or "none: pointvos merge makes them"
        raise UsageProblem(f"no video of {folder.path} is in split {split!r}; there are {there}")
    return [key for key in keys if known.get(key.video_id) == split]

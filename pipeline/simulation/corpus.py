"""Videos that have ground truth, for simulated people to work on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.capacity.footage import frame_facts
from pipeline.runs.filesystems import find_videos
from pipeline.terminal.console import UsageProblem
from schemas.video_files import VideoFile
from stages.evaluate.ground_truth import VideoTruth, find_truth, shown_folders
from stages.video.frame_names import FrameNames


@dataclass(frozen=True, slots=True)
class TrueVideo:
    """A video and its ground truth."""

    file: VideoFile
    truth: VideoTruth


def true_videos(pattern: str, ground_truth: Path) -> tuple[list[TrueVideo], list[str]]:
    """The videos of a file, folder or glob that have ground truth, by id; and what is wrong with others.

    Raises:
        UsageProblem: none of them has.
    """
    files, rejects = find_videos(pattern)
    problems = [f"{reject.key}: {reject.error}: {reject.detail}" for reject in rejects]
    facts = frame_facts(files)
    found: list[TrueVideo] = []
    for file in sorted(files, key=lambda one: one.video_id):
        if file.video_id not in facts:
            problems.append(f"{file.video_id}: it cannot be decoded")
            continue
        size = facts[file.video_id].height, facts[file.video_id].width
        names = FrameNames(tuple(Path(frame).name for frame in file.frames))
        try:
            truth = find_truth(ground_truth, file.video_id, size=size, names=names)
        except ValueError as problem:
            problems.append(f"{file.video_id}: {problem}")
            continue
        if truth:
            found.append(TrueVideo(file, truth))
    if not found:
        there = shown_folders(ground_truth, [file.video_id for file in files])
        why = problems[0] if problems else f"{there}"
        raise UsageProblem(
            f"no video of {pattern} has ground truth below {ground_truth}, named VIDEO_ID/FRAME.png there; {why}"
        )
    return found, problems

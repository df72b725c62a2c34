"""The input of a command beside the tables of a run: files of clicks, and hints of objects that are to be added."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config import RunConfig
from pipeline.refining.task import RefineTask
from pipeline.runs.folder import RunFolder
from pipeline.runs.hints import read_corrections
from pipeline.runs.inputs import read_inputs
from pipeline.runs.ranges import video_keys
from pipeline.runs.resampling import source_of
from pipeline.runs.units import unit_records, video_of
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.jobs import VideoJob
from schemas.localizations import Localization
from schemas.ranges import VideoKey
from schemas.rejects import Reject
from stages.ingest.errors import IngestError
from stages.ingest.matching import match
from stages.ingest.placing import FrameFacts, place


def read_command_input(
    run: RunFolder, config: RunConfig, keys: Sequence[VideoKey], clicks: Sequence[str]
) -> tuple[list[RefineTask], list[Reject]]:
    """One task a video, and the clicks that belong to none.

    Args:
        run: the run.
        config: of the run.
        keys: the videos.
        clicks: files of clicks, the later ones first where two click one pixel. Clicks on other videos of the run are
            left out.

    Raises:
        UsageProblem: a file cannot be read.
    """
    placed, rejects = _placed(run, keys, clicks)
    jobs = _jobs(run, config, keys)
    tasks = [RefineTask(key, tuple(placed.get(key.video_id, ())), jobs.get(key.video_id)) for key in keys]
    return tasks, rejects


def _placed(
    run: RunFolder, keys: Sequence[VideoKey], clicks: Sequence[str]
) -> tuple[dict[str, list[Localization]], list[Reject]]:
    """Clicks in pixels by video id."""
    found: list[Localization] = []
    rejects: list[Reject] = []
    for source in clicks:
        own, bad = read_corrections(source)
        found, rejects = [*found, *own], [*rejects, *bad]
    if not found:
        return {}, rejects
    videos = {key.video_id: video_of(run, key) for key in video_keys(run)}
    files = [source_of(video) for video in videos.values()]
    matches = match(found, files)
    frames = {file.video_id: file.frames for file in files}
    chosen = {key.video_id: matches.by_video[key.video_id] for key in keys if key.video_id in matches.by_video}
    facts = {
        name: FrameFacts(videos[name].width, videos[name].height, videos[name].n_frames, frames[name])
        for name in chosen
    }
    try:
        placed, misplaced = place(chosen, facts, "pixel")
    except IngestError as problem:
        raise UsageProblem(str(problem)) from None
    return placed, [*rejects, *matches.rejects, *misplaced]


def _jobs(run: RunFolder, config: RunConfig, keys: Sequence[VideoKey]) -> dict[str, VideoJob]:
    """The present hints of videos to which objects were or are to be added, by video id."""
    corrected = set(tables.CORRECTIONS.stems(run.path))
    added = {
        video.video_id
        for video in (video_of(run, key) for key in keys if corrected)
        if any(one.kind == "add" for one in unit_records(run, tables.CORRECTIONS, video))
    }
    return {job.video_id: job for job in read_inputs(config).jobs(config) if job.video_id in added} if added else {}

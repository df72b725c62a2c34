"""``pointvos render``: overlay videos of a run."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import Run, on_this_machine
from pipeline.reporting.lists import OVERLAY_VIDEOS
from pipeline.runs.folder import RunFolder
from pipeline.runs.rendering import OverlayJob, Rendered, Renderer, RenderSelection, RenderStoppedError
from pipeline.runs.statuses import statuses_by_video
from pipeline.runs.units import videos_of
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, quoted, show_problems, summary
from schemas.remote_paths import AnyPath
from schemas.videos import Video
from schemas.whole_files import left_behind
from stages.arithmetic import use_one_thread_an_operation

_MOST_WORKERS = 4


def render(
    run: Run,
    videos: Annotated[
        list[str] | None, typer.Argument(help="Ids of videos, or patterns such as 'sub/*'; all by default.")
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--object", help="Only this object, by id or name; may be repeated."),
    ] = None,
    by_object: Annotated[
        bool, typer.Option("--by-object", help="One file per object instead of one per video.")
    ] = False,
    before: Annotated[
        int,
        typer.Option(
            min=0, help="Show the masks before this correction round beside the current ones.", metavar="ROUND"
        ),
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Output folder for the videos.", show_default="report/videos of the run", callback=on_this_machine
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Videos rendered in parallel.", show_default="as cores allow, 4 at most"),
    ] = None,
) -> None:
    """Write overlay videos: masks, points and verdicts drawn on the frames, with a quality strip below.

    Every frame of the source is one frame of the video (H.264, for any player). The strip has one row per object: red,
    amber and green are the quality of each mask, grey is no mask. White marks are frames with hints, corrections or
    locks, blue ones have points. With `--before ROUND` the masks before that correction round are shown on the left.

    Existing videos that would not change are kept, so the command can be interrupted and repeated at any time.

    Example: `pointvos render --run runs/demo`
    """
    folder = run.require()
    use_one_thread_an_operation()
    wanted = RenderSelection(frozenset(names or ()), by_object, before)
    target: AnyPath = out.absolute() if out else folder.path.absolute() / "report" / OVERLAY_VIDEOS
    jobs = _jobs(folder, wanted, videos or [], target)
    for parent in {job.path.parent for job in jobs}:
        for stale in left_behind(parent):
            stale.unlink(missing_ok=True)
    n_workers = workers or min(_MOST_WORKERS, os.cpu_count() or 1)
    with statuses_by_video(folder) as statuses_of:
        found = _render(Renderer(folder.absolute(), statuses_of), jobs, n_workers)
    _show(run, found, target)


def _show(run: RunFolder, found: Sequence[Rendered], target: AnyPath) -> None:
    problems = [one.problem for one in found if one.problem]
    kept = sum(one.was_there for one in found)
    rows: list[tuple[str, object]] = [
        ("videos written", len(found) - len(problems) - kept),
        ("frames", sum(one.n_frames for one in found)),
    ]
    rows += [("already there", kept)] if kept else []
    rows += [("folder", target)]
    rows += [("next", f"they are linked from the report: pointvos report --run {quoted(run)}")]
    summary(f"Overlay videos of {run}", rows)
    show_problems("not rendered:", problems)
    if problems:
        raise typer.Exit(REJECTED)


def _jobs(folder: RunFolder, wanted: RenderSelection, patterns: Sequence[str], target: AnyPath) -> list[OverlayJob]:
    """What is to be done.

    Raises:
        UsageProblem: that is nothing.
    """
    chosen = _chosen(videos_of(folder), patterns, folder)
    jobs = [job for video in chosen for job in wanted.jobs(folder, video, target)]
    if not jobs and wanted.before_round:
        raise UsageProblem(
            f"no video of {folder.path} had a correction round {wanted.before_round}; leave out --before"
        )
    if not jobs:
        named = ", ".join(sorted(wanted.names)) or "any object"
        raise UsageProblem(
            f"no video of {folder.path} has masks of {named}; pointvos report --run {quoted(folder.path)} lists all"
        )
    return jobs


def _chosen(known: Sequence[Video], patterns: Sequence[str], folder: RunFolder) -> list[Video]:
    ids = [video.video_id for video in known]
    if not ids:
        raise UsageProblem(f"run {folder.path} has no videos; make some with: pointvos annotate VIDEOS … --run DIR")
    for pattern in patterns:
        if not any(one == pattern or fnmatchcase(one, pattern) for one in ids):
            near = get_close_matches(pattern, ids, 3) or ids[:3]
            raise UsageProblem(
                f"no video {pattern!r} in {folder.path}; there are {len(ids):,}, such as {', '.join(near)}"
            )
    return [v for v in known if not patterns or any(v.video_id == p or fnmatchcase(v.video_id, p) for p in patterns)]


def _render(renderer: Renderer, jobs: Sequence[OverlayJob], n_workers: int) -> list[Rendered]:
    """All overlay videos, some at a time: decoding, drawing and encoding give up Python's lock."""
    stop = threading.Event()
    stoppable = Renderer(renderer.run, renderer.statuses_of, stop.is_set)
    total = sum(job.video.n_frames for job in jobs)
    with bar("Rendering", total) as advance, ThreadPoolExecutor(min(n_workers, len(jobs))) as pool:
        pending = [pool.submit(_render_video, stoppable, job, advance) for job in jobs]
        try:
            return [one.result() for one in pending]
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _render_video(renderer: Renderer, job: OverlayJob, advance: Callable[[int], None]) -> Rendered:
    try:
        found = renderer.render(job, lambda: advance(1))
    except RenderStoppedError:
        return Rendered(job.path)
    advance(job.video.n_frames if found.was_there else 0)
    return found

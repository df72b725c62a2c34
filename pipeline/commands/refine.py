"""``pointvos refine``: masks of a run are corrected from human feedback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import click
import psutil
import typer

from pipeline.capacity.budget import n_cores
from pipeline.capacity.devices import require_device
from pipeline.capacity.needs import costs_on, uses_gpu
from pipeline.capacity.time_left import duration
from pipeline.commands import options
from pipeline.commands.models import require_models
from pipeline.config import RunConfig
from pipeline.kept_config import load_kept_config
from pipeline.refining.answers import AnswersInFile
from pipeline.refining.candidates import Redrawing
from pipeline.refining.command_input import read_command_input
from pipeline.refining.correction_round import load_round_models
from pipeline.refining.task import RefinedVideo, RefineTask, has_feedback
from pipeline.refining.work import RefineWork, refine_with_workers
from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import video_keys
from pipeline.runs.spool import VideoOpener
from pipeline.runs.units import video_of
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, console, quoted, show_problems, show_rejects, summary
from schemas import tables
from schemas.ranges import VideoKey
from schemas.rejects import Reject
from schemas.wording import many
from stages.progress import counted_by

_WORKER_BYTES = 3 * 2**30
"""Memory that a worker takes for models and frames, about the most."""


def refine(
    run: options.Run,
    videos: Annotated[
        list[str] | None, typer.Argument(metavar="[VIDEO]...", help="Ids of videos; default: all.")
    ] = None,
    clicks: Annotated[
        list[str] | None,
        typer.Option(help="A file of clicks that correct wrong masks, in any format for clicks; may be repeated."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Worker processes; never changes the result.", show_default="as cores and memory allow"
        ),
    ] = None,
    device: options.Device = None,
) -> None:
    """Correct masks from verified points, clicks and studio corrections, and propagate each correction.

    Corrections come from verified points that contradict a mask (run `pointvos merge` first), clicks from files, and
    pending corrections of `pointvos studio`. A frame is segmented again with its old mask and its verified points, and
    the frames around it, up to the nearest frames that a person has seen, are propagated again. New candidates are
    drawn where masks changed. Frames that people localized, corrected or confirmed are never overwritten.

    In the end, all verified points agree with their masks, or their frames are flagged in the table `flags`. Without
    new feedback nothing changes. The command can be interrupted and repeated at any time.

    Example: `pointvos refine --run runs/demo`
    """
    named = [one for one in videos or [] if not one.startswith("-")]
    if context := click.get_current_context(silent=True):  # what stands after two dashes is for Beam
        context.args.extend(one for one in videos or [] if one.startswith("-"))
    folder = run.require()
    config = load_kept_config(folder, {"compute.device": device})
    require_device(config.compute.device)
    require_models([config.models.segmenter, config.models.propagator])
    with folder.lock() as lock:
        keys = _chosen(folder, named)
        given, rejects = read_command_input(folder, config, keys, clicks or [])
        tasks = [task for task in given if has_feedback(folder, task)]
        n_workers = min(workers or _usual_workers(config), len(tasks))
        found = _refine(folder, config, tasks, n_workers, lock) if tasks else []
    _show(folder, keys, found, [*rejects, *(reject for one in found for reject in one.rejects)])


def _chosen(folder: RunFolder, named: Sequence[str]) -> list[VideoKey]:
    keys = video_keys(folder)
    if not keys:
        raise UsageProblem(f"run {folder.path} has no videos; make some with: pointvos annotate VIDEOS … --run DIR")
    known = {key.video_id for key in keys}
    if unknown := [name for name in named if name not in known]:
        some = ", ".join(sorted(known)[:5]) + (" …" if len(known) > 5 else "")
        raise UsageProblem(f"unknown video {unknown[0]!r}; the run has {some}")
    return [key for key in keys if not named or key.video_id in named]


def _usual_workers(config: RunConfig) -> int:
    """As many as cores and free memory allow; one with a GPU, which a second worker would only share."""
    fitting = int(psutil.virtual_memory().available // _WORKER_BYTES)
    return 1 if uses_gpu(config.compute.device) else max(1, min(n_cores(), fitting))


def _refine(
    folder: RunFolder, config: RunConfig, tasks: Sequence[RefineTask], n_workers: int, lock: int
) -> list[RefinedVideo]:
    """The outcome of each video, by id."""
    from pipeline.refining.transform import RefineVideos
    from pipeline.runners.table_runner import is_elsewhere, results, run_table_graph, work_folder
    from pipeline.table_graphs.refine import RefineRun

    console.print(_plan(folder, config, tasks))
    progress = bar("Refining", len(tasks))
    with folder.tidied(), work_folder(folder, "refine") as work, progress as advance, counted_by(advance):
        answers = AnswersInFile.collect(folder, work / "answered.npy")
        redrawing = Redrawing(config.sampling, config.jpeg_quality, answers)
        load = partial(load_round_models, config.models, config.compute.device)
        if n_workers > 1 and not is_elsewhere():
            refining = RefineWork(folder.absolute(), n_workers, config.models, load, redrawing, Path(str(work)))
            return refine_with_workers(refining, lock, tasks, advance)
        videos = RefineVideos(folder.absolute(), load, redrawing, VideoOpener())
        run_table_graph(folder, RefineRun(tasks, videos, work / "refined.json"), "RefineRun")
        return sorted(results(work / "refined.json", RefinedVideo), key=lambda one: one.video_id)


def _plan(folder: RunFolder, config: RunConfig, tasks: Sequence[RefineTask]) -> str:
    """What is looked at, and how long it takes at most."""
    costs = costs_on(config.compute.device)
    segmenter, propagator = costs.segmenter(config.models.segmenter), costs.propagator(config.models.propagator)
    videos = [video_of(folder, task.key) for task in tasks]
    n_steps = sum(video.n_frames * video.n_objects for video in videos)
    n_drawn = sum(min(video.n_frames, config.sampling.frames) * video.n_objects for video in videos)
    seconds = n_steps * 2 * (propagator.frame_s + propagator.object_s + propagator.unpack_s)
    seconds += n_drawn * (segmenter.frame_s + segmenter.object_s)
    n_objects = sum(video.n_objects for video in videos)
    return (
        f"Checking {many(n_objects, 'object')} in {many(len(videos), 'video')} with new feedback: "
        f"at most about {duration(seconds)}"
    )


def _show(folder: RunFolder, keys: Sequence[VideoKey], found: Sequence[RefinedVideo], rejects: list[Reject]) -> None:
    total: Mapping[str, int] = {
        name: sum(getattr(one, f"n_{name}") for one in found)
        for name in ("rounds", "corrections", "masks", "points", "flagged")
    }
    rows = [
        ("videos", len(keys)),
        ("with new feedback", sum(one.n_rounds > 0 for one in found)),
        ("rounds", total["rounds"]),
        ("corrections", total["corrections"]),
        ("masks changed", total["masks"]),
        ("verified points", total["points"]),
        ("frames that still contradict them", total["flagged"]),
    ]
    summary(f"Refinement of {folder}", rows)
    problems = [f"{one.video_id}: {one.problem}" for one in found if one.problem]
    if not total["rounds"] and not problems and not rejects:
        console.print("No new feedback: the run is unchanged.")
    if total["flagged"]:
        console.print(f"List the flagged frames with: pointvos suggest --run {quoted(folder)}")
    if total["masks"] and tables.TASKS.files(folder.path):
        console.print(f"Update the queue with: pointvos review push --run {quoted(folder)}")
    show_problems("stopped early, finished rounds are kept:", problems)
    show_rejects(rejects, "correct the files of clicks and run the same command again")
    if problems or rejects:
        raise typer.Exit(REJECTED)

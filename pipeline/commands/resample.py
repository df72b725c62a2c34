"""``pointvos resample``: other candidates from the masks that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import typer

from pipeline.capacity.time_left import duration
from pipeline.commands import options
from pipeline.commands.models import require_models
from pipeline.config import load_sampling
from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import video_keys
from pipeline.runs.resampling import Resampled, Resampling
from pipeline.runs.spool import VideoOpener
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, console, quoted, show_problems, summary
from schemas import tables
from schemas.ranges import VideoKey
from schemas.whole_files import left_behind
from schemas.wording import many
from stages.backends.segmenter import Segmenter
from stages.backends.segmenters import load_segmenter
from stages.progress import counted_by
from stages.sample_points.options import SamplingOptions

_DECODED_A_SECOND, _DRAWING_S = 250, 0.06
"""Frames of 480p and frames of an object, on one core."""
_JPEG_QUALITY = 92
_OWN = "as annotate"


def resample(
    run: options.Run,
    frames: Annotated[int | None, typer.Option(help="Frames to sample for each object.", show_default=_OWN)] = None,
    points: Annotated[int | None, typer.Option(help="Candidates for each object and frame.", show_default=_OWN)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sampling.", show_default=_OWN)] = None,
    doubts: Annotated[
        bool, typer.Option("--doubts", help="Ask where the segmenter disagrees with a mask, on frames of any quality.")
    ] = False,
    config: options.ConfigFile = None,
) -> None:
    """Draw new candidates of a run from its masks: another number, other frames or another seed.

    By default, points are drawn where masks are most likely right, as training data. With `--doubts`, four in five are
    drawn where the run's segmenter, prompted for the same object in other ways, disagrees with its mask: such answers
    tell `pointvos refine` more about the masks.

    Without options, the settings of `annotate` are used again, which undoes an earlier `resample`. Masks do not change;
    the videos are read for the colours of their frames. The command can be interrupted and repeated at any time.

    Verdicts are kept, and count whenever their points are among the candidates, now or after another `resample`. The
    next `review push` removes outdated tasks from the queue, except those that somebody has answered.

    Example: `pointvos resample --run runs/demo --points 40`
    """
    folder = run.require()
    stored = folder.config()
    sampling = load_sampling(stored.get("sampling") or {}, config, {"frames": frames, "points": points, "seed": seed})
    load = _segmenter_of(stored) if doubts else None
    with folder.lock():
        found = _resample(folder, sampling, int(stored.get("jpeg_quality", _JPEG_QUALITY)), load)
    n_now, n_same = sum(one.n_now for one in found), sum(one.n_same for one in found)
    n_taken_out = sum(one.n_before for one in found) - n_same
    summary(
        f"Candidates of {run}",
        [
            ("videos", len(found)),
            ("frames of objects", sum(one.n_frames for one in found)),
            ("candidates", n_now),
            ("new", n_now - n_same),
            ("removed", n_taken_out),
        ],
    )
    if tables.TASKS.files(folder.path):
        console.print(f"Update the queue with: pointvos review push --run {quoted(run)}")
    if tables.VERDICTS.files(folder.path):
        if n_taken_out:
            console.print("Answers to removed candidates are kept and count again when these are redrawn.")
        console.print(f"Update the points with: pointvos merge --run {quoted(run)}")
    problems = [f"{one.video_id}: {one.problem}" for one in found if one.problem]
    show_problems("candidates unchanged:", problems)
    if problems:
        raise typer.Exit(REJECTED)


def _segmenter_of(stored: Mapping[str, Any]) -> Callable[[], Segmenter]:
    """What loads the segmenter of a run."""
    name = str((stored.get("models") or {}).get("segmenter", "embedded"))
    require_models([name])
    return partial(load_segmenter, name, "auto", 1)


def _resample(
    folder: RunFolder, sampling: SamplingOptions, jpeg_quality: int, load: Callable[[], Segmenter] | None
) -> list[Resampled]:
    """The outcome of each video, by id."""
    from pipeline.runners.table_runner import results, run_table_graph, work_folder
    from pipeline.table_graphs.resample import ResampleRun, ResampleVideos

    keys = video_keys(folder)
    if not keys:
        raise UsageProblem(f"run {folder.path} has no videos; make some with: pointvos annotate VIDEOS … --run DIR")
    console.print(_plan(folder, keys, sampling))
    folder.remove_leftovers()
    for stale in (file for key in keys for file in left_behind(folder.frames_of(key.video_id))):
        stale.unlink(missing_ok=True)
    with work_folder(folder, "resample") as work, bar("Drawing", len(keys)) as advance, counted_by(advance):
        out = work / "resampled.json"
        videos = ResampleVideos(folder.absolute(), Resampling(sampling, jpeg_quality, VideoOpener()), load)
        run_table_graph(folder, ResampleRun(keys, videos, out), "ResampleRun")
        return sorted(results(out, Resampled), key=lambda one: one.video_id)


def _plan(folder: RunFolder, keys: Sequence[VideoKey], sampling: SamplingOptions) -> str:
    """What is going to be done, and about how long it takes."""
    rows = tables.VIDEOS.read(folder.path, columns=["n_frames", "n_objects", "frame_names"]).to_pylist()
    n_objects = n_drawn = n_decoded = 0
    for row in rows:
        here = min(row["n_frames"], sampling.frames) * row["n_objects"]
        n_objects, n_drawn = n_objects + row["n_objects"], n_drawn + here
        n_decoded += min(row["n_frames"], here) if row["frame_names"] else row["n_frames"]
    seconds = n_decoded / _DECODED_A_SECOND + n_drawn * _DRAWING_S
    return (
        f"Drawing {sampling.points} points on each of up to {sampling.frames} frames of {many(n_objects, 'object')} in "
        f"{many(len(keys), 'video')}: about {duration(seconds)}"
    )

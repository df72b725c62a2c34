"""``pointvos annotate``: videos and rough localizations to masks and point candidates."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pipeline.capacity.budget import with_workers, within_budget
from pipeline.capacity.disk_space import check_room
from pipeline.capacity.estimate import Estimate, estimate, planned_jobs
from pipeline.capacity.footage import Footage, probe_videos
from pipeline.commands import options
from pipeline.commands.models import require_models
from pipeline.config import RunConfig
from pipeline.kept_config import keep_config
from pipeline.runners.choice import BeamRunner, choose_runner
from pipeline.runners.outcomes import require_finished
from pipeline.runners.progress import ProgressTracker, shown
from pipeline.runners.supervisor import Supervisor
from pipeline.runners.work import AnnotateWork
from pipeline.runners.worker_processes import WorkerProcesses
from pipeline.runs.folder import RunFolder
from pipeline.runs.inputs import JobList, read_inputs, require_words_understood
from pipeline.runs.review_server import ReviewServer
from pipeline.terminal.console import REJECTED, UsageProblem, WorkProblem, console
from pipeline.terminal.outcome import show_outcome
from schemas import tables
from schemas.jobs import VideoJob

_ERROR_LENGTH = 600
"""Of a runner's own words."""


@options.with_run_options
def annotate(
    ctx: typer.Context,
    videos: options.Videos,
    localizations: options.Localizations,
    run: Annotated[
        RunFolder,
        typer.Option(
            parser=RunFolder.parse,
            metavar="DIR",
            help="The run folder, a path, s3://BUCKET/DIR or gs://BUCKET/DIR; the same command continues an "
            "interrupted run.",
        ),
    ],
    review_url: options.ReviewUrl = None,
    review_key_file: options.ReviewKeyFile = None,
) -> None:
    """Turn videos and rough hints into pseudo-masks and point candidates.

    Every localized frame is segmented, the masks are propagated through the video both ways, and points are drawn on
    chosen frames for people to verify. Finished videos are skipped when the same command runs again.

    Videos are annotated by processes of this machine. Options for Apache Beam come last, after `--`, and name another
    runner: `-- --runner=FlinkRunner --flink_master=HOST:8081`.

    With `--review-url`, people can answer while other videos are still being annotated; at the end, every question that
    `pointvos review push` would queue has been queued.

    Example:
      pointvos annotate clips/ --localizations clicks.json --run runs/first --workers 2
    """
    resolved = options.resolve(ctx.params)
    if runner := choose_runner(ctx.args):
        runner.require_usable(run, resolved.videos)
    require_models([resolved.models.segmenter, resolved.models.propagator])
    run.create()
    with (
        run.lock() as lock,
        run.tidied(),
        WorkerProcesses[VideoJob](run, lock) as processes,
        _forgotten_when_refused(run),
    ):
        rejects = _run(run, processes, resolved, runner)
        if resolved.review_server.url:
            rejects += _queue_the_rest(run, resolved.review_server)
    if rejects:
        raise typer.Exit(REJECTED)


@contextmanager
def _forgotten_when_refused(folder: RunFolder) -> Iterator[None]:
    """Keep no settings of a command that was refused before it began: the corrected command may have others."""
    is_new = not folder.config_file.exists()
    try:
        yield
    except UsageProblem:
        if is_new:
            folder.config_file.unlink(missing_ok=True)
        raise


def _run(folder: RunFolder, processes: WorkerProcesses[VideoJob], config: RunConfig, runner: BeamRunner | None) -> int:
    inputs = read_inputs(config)
    for note in inputs.notes:
        console.print(note, markup=False)
    config = within_budget(config, inputs)
    keep_config(folder, config)
    jobs = inputs.jobs(config)
    units = {job.video_id: job.unit for job in jobs}
    folder.drop_superseded(units)
    job_list = JobList(jobs, folder.committed(), len(inputs.files), inputs.n_backgrounds)
    require_words_understood(job_list.open_jobs, config.models.localizer)
    tables.REJECTS.write(folder.table_file(tables.REJECTS, "ingest"), inputs.rejects, folder.metadata())
    footage = probe_videos(job_list.open_jobs)
    config = with_workers(footage, config)
    foreseen = estimate(footage, config)
    check_room(folder, foreseen)
    _announce(job_list, foreseen)
    start = time.monotonic()
    folder.drop_units((job.video_id, job.unit) for job in job_list.open_jobs)
    if config.review_server.url:
        _open_queue(folder, config.review_server)
    _work(folder, processes, config, footage, foreseen, runner)
    folder.drop_superseded(units)
    require_finished(folder, job_list.open_jobs)
    return show_outcome(folder, job_list, time.monotonic() - start)


def _work(
    folder: RunFolder,
    processes: WorkerProcesses[VideoJob],
    config: RunConfig,
    footage: Sequence[Footage],
    foreseen: Estimate,
    runner: BeamRunner | None,
) -> None:
    if not footage:
        return
    if runner is None:
        planned = planned_jobs(footage, config)
        n_frames = {one.job.key: one.frames for one in planned}
        watch = ProgressTracker(n_frames, {one.job.key: one.needs.seconds for one in planned}, len(foreseen.workers))
        with shown(watch, foreseen.total):
            Supervisor(AnnotateWork(folder, config), processes, watch).do([one.job for one in planned])
        return
    _run_elsewhere(runner, folder, config, [one.job for one in footage])


def _open_queue(folder: RunFolder, server: ReviewServer) -> None:
    """Make the project before the first video is done.

    Raises:
        UsageProblem: the server does not answer, or refuses the key.
    """
    from pipeline.commands.review.push import open_project
    from pipeline.commands.review.session import ReviewSession, connected, problems_named
    from pipeline.runs.review_queue import DESIGN
    from verification_ui.queue.retry import with_retries

    session = ReviewSession(folder)
    with problems_named(), connected(session, server.url, Path(server.api_key_file), console.print) as client:
        with_retries(lambda: open_project(session, client, DESIGN))


def _queue_the_rest(folder: RunFolder, server: ReviewServer) -> int:
    """Queue what is not queued yet, as ``review push`` does; how many tasks could not be shown."""
    from pipeline.commands.review.planning import planned
    from pipeline.commands.review.push import keep_rejects, push_design
    from pipeline.commands.review.session import ReviewSession, connected, problems_named
    from pipeline.runs.review_queue import DESIGN
    from verification_ui.queue.plan import Selection

    session = ReviewSession(folder)
    with problems_named(), planned(session, Selection(DESIGN)) as push_plan:
        if not push_plan.n_tasks:
            return 0
        with connected(session, server.url, Path(server.api_key_file), console.print) as client:
            rejects = push_design(push_plan, client)
    keep_rejects(session, rejects)
    return len(rejects)


def _run_elsewhere(runner: BeamRunner, folder: RunFolder, config: RunConfig, jobs: Sequence[VideoJob]) -> None:
    from pipeline.runners.beam_runner import run_graph

    if runner.is_cluster:
        path = folder.path.absolute()
        console.print(f"Running on {runner.name}: its workers must see {path} and the videos by the same paths.")
    try:
        run_graph(runner, folder, config, jobs)
    except Exception as problem:
        raise WorkProblem(
            f"runner {runner.name} failed ({type(problem).__name__}: {str(problem).strip()[:_ERROR_LENGTH]}). Finished "
            "videos are kept: the same command continues"
        ) from problem


def _announce(job_list: JobList, foreseen: Estimate) -> None:
    if skipped := len(job_list.jobs) - len(job_list.open_jobs):
        console.print(f"Skipping {skipped} of {len(job_list.jobs)} videos: already done.")
    if changed := sum(job.video_id in job_list.done for job in job_list.open_jobs):
        subject = "1 video is" if changed == 1 else f"{changed} videos are"
        console.print(f"{subject} annotated again: the file or its hints have changed.")
    if unasked := job_list.n_videos - len(job_list.jobs):
        console.print(f"{unasked} of {job_list.n_videos} videos have no hints and are skipped.")
    if job_list.open_jobs:
        console.print(foreseen.sentence())

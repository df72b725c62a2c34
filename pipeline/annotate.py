"""``pointvos annotate``: videos and rough localizations to masks and point candidates."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import options
from pipeline.budget import within_budget
from pipeline.config import RunConfig
from pipeline.console import REJECTED, UsageProblem, console
from pipeline.disk_room import check_room
from pipeline.estimate import Estimate, estimate
from pipeline.footage import look_at
from pipeline.intake import Agenda, require_words_understood, take_in
from pipeline.models import require_models
from pipeline.outcome import show_outcome
from pipeline.progress import Total, Watch, shown
from pipeline.run_folder import RunFolder
from pipeline.runners import check_runner
from pipeline.workers import Workers
from pipeline.workload import Workload
from schemas import tables
from schemas.whole_files import write_whole


def annotate(
    ctx: typer.Context,
    videos: options.Videos,
    localizations: options.Localizations,
    run: Annotated[Path, typer.Option(help="The run folder; the same command continues an interrupted run.")],
    format: options.Format = None,  # noqa: A002 - the option's name
    coords: options.Coords = None,
    segmenter: options.Segmenter = None,
    propagator: options.Propagator = None,
    localizer: options.Localizer = None,
    repair: options.Repair = None,
    frames: options.Frames = None,
    points: options.Points = None,
    seed: options.Seed = None,
    workers: options.Workers = None,
    device: options.Device = None,
    max_memory: options.MaxMemory = None,
    config: options.ConfigFile = None,
) -> None:
    """Turn videos and rough hints into pseudo-masks and point candidates.

    Every localized frame is segmented, the masks are propagated through the video both ways, and points are drawn
    on chosen frames for people to verify. Finished videos are skipped when the same command runs again.

    Options for Apache Beam come last, after `--`.

    Example:
      pointvos annotate clips/ --localizations clicks.json --run runs/first --workers 2
    """
    resolved = options.resolve(ctx.params)
    beam_options = check_runner(ctx.args)
    require_models([resolved.models.segmenter, resolved.models.propagator])
    folder = RunFolder(run)
    folder.create()
    with folder.lock(), _forgotten_when_refused(folder):
        rejects = _run(folder, resolved, beam_options)
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


def _run(folder: RunFolder, config: RunConfig, beam_options: list[str]) -> int:
    intake = take_in(config)
    for note in intake.notes:
        console.print(note, markup=False)
    config = within_budget(config, intake)
    _keep_config(folder, config)
    folder.sweep()
    jobs = intake.jobs(config)
    units = {job.video_id: job.unit for job in jobs}
    folder.drop_superseded(units)
    agenda = Agenda(jobs, folder.committed(), len(intake.files), intake.n_backgrounds)
    require_words_understood(agenda.open_jobs, config.models.localizer)
    tables.REJECTS.write(folder.table_file(tables.REJECTS, "ingest"), intake.rejects, folder.metadata())
    foreseen = estimate(look_at(agenda.open_jobs), config)
    check_room(folder.path, foreseen)
    _announce(agenda, foreseen)
    start = time.monotonic()
    if agenda.open_jobs:
        _work(folder, Workload(tuple(agenda.open_jobs), config, tuple(beam_options)), foreseen.total)
    folder.sweep()
    folder.drop_superseded(units)
    return show_outcome(folder, agenda, time.monotonic() - start)


def _keep_config(folder: RunFolder, config: RunConfig) -> None:
    """Write the config; a run keeps the id that it had first, for its review queue is known by it."""
    old = folder.config() if folder.config_file.exists() else {}
    if old and old.get("config_hash") != config.hash():
        changed = ", ".join(_differences(old, config)) or "settings"
        raise UsageProblem(
            f"run folder {folder.path} was made with other settings ({changed}); "
            "use the same ones to continue it, or choose another --run"
        )
    write_whole(folder.config_file, config.to_yaml(old.get("run_id", "")).encode())


def _differences(old: dict[str, Any], config: RunConfig) -> list[str]:
    import yaml

    new = yaml.safe_load(config.to_yaml())
    return [
        f"{part}.{name}: {old.get(part, {}).get(name)} → {value}"
        for part in ("models", "repair", "sampling")
        for name, value in new[part].items()
        if old.get(part, {}).get(name) != value
    ]


def _work(folder: RunFolder, workload: Workload, total: Total) -> None:
    watch = Watch(folder.work / "progress")
    with shown(watch, total):
        Workers(folder, workload, watch).work()


def _announce(agenda: Agenda, foreseen: Estimate) -> None:
    if skipped := len(agenda.jobs) - len(agenda.open_jobs):
        console.print(f"Skipping {skipped} of {len(agenda.jobs)} videos: already done.")
    if changed := sum(job.video_id in agenda.done for job in agenda.open_jobs):
        said = "1 video is" if changed == 1 else f"{changed} videos are"
        console.print(f"{said} annotated again: the file or its hints have changed.")
    if unasked := agenda.n_videos - len(agenda.jobs):
        console.print(f"{unasked} of {agenda.n_videos} videos have no hints and are left out.")
    if agenda.open_jobs:
        console.print(foreseen.sentence())

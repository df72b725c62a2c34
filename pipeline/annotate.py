"""``pointvos annotate``: videos and rough localizations to masks and point candidates."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.config import RunConfig, load_config
from pipeline.console import REJECTED, UsageProblem, console, summary
from pipeline.estimate import estimate
from pipeline.files import find_videos
from pipeline.jobs import VideoJob, make_jobs
from pipeline.models import require_models
from pipeline.progress import Watch, shown
from pipeline.run_folder import RunFolder
from pipeline.workers import Workers
from pipeline.workload import Workload
from schemas import tables
from schemas.localizations import Expression
from schemas.rejects import Reject
from stages.ingest.errors import IngestError
from stages.ingest.matching import match
from stages.ingest.registry import read_localizations
from stages.localize.backends.base import LocalizerError
from stages.localize.backends.registry import require_localizer

_WRONG_RUNNERS = {"DaskRunner", "RayRunner"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command is going to do."""

    jobs: list[VideoJob]
    done: dict[str, str]
    rejects: list[Reject]
    n_videos: int

    @property
    def open_jobs(self) -> list[VideoJob]:
        """Jobs that are not committed yet."""
        return [job for job in self.jobs if self.done.get(job.video_id) != job.unit]


def annotate(
    ctx: typer.Context,
    videos: Annotated[str, typer.Argument(help="A video file, a folder of videos or of frame folders, or a glob.")],
    localizations: Annotated[str, typer.Option(help="Where the objects are, roughly: a file or a folder.")],
    run: Annotated[Path, typer.Option(help="The run folder; the same command continues an interrupted run.")],
    format: Annotated[  # noqa: A002 - the option's name
        str | None,
        typer.Option(help="auto, vidln, clicks, boxes, scribbles, masks or expressions.", show_default="auto"),
    ] = None,
    segmenter: Annotated[
        str | None,
        typer.Option(
            help="embedded, embedded_fast, grabcut, or sam_vit_b|l|h (pointvos models).", show_default="embedded"
        ),
    ] = None,
    propagator: Annotated[
        str | None,
        typer.Option(
            help="embedded, embedded_fast, flow, or cutie_base|small (pointvos models).", show_default="embedded"
        ),
    ] = None,
    localizer: Annotated[
        str | None,
        typer.Option(
            help="For expressions: imagenet, or grounding_dino|owlv2[:MODEL] (pip install 'pointvos\\[text]').",
            show_default="imagenet",
        ),
    ] = None,
    frames: Annotated[int | None, typer.Option(help="Frames to sample an object.", show_default="10")] = None,
    points: Annotated[
        int | None, typer.Option(help="Candidates an object and frame, half of them background.", show_default="20")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sampling.", show_default="0")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; never changes the result.", show_default="1")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Where the models run: auto, cpu, cuda or cuda:N.", show_default="auto")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file with any of the settings of run.yaml.")] = None,
) -> None:
    """Turn videos and rough localizations into pseudo-masks and point candidates.

    Every localized frame is segmented, the masks are propagated through the video both ways, and points are drawn
    on chosen frames for people to verify. Finished videos are skipped when the same command runs again.

    Options for Apache Beam come last, behind two dashes.

    Example:
      pointvos annotate clips/ --localizations clicks.json --run runs/first --workers 2
    """
    overrides = {
        "videos": videos, "localizations": localizations, "format": format, "models.segmenter": segmenter,
        "models.propagator": propagator, "models.localizer": localizer, "sampling.frames": frames,
        "sampling.points": points, "sampling.seed": seed, "compute.workers": workers, "compute.device": device,
    }  # fmt: skip
    resolved = load_config(config, overrides)
    beam_options = _check_runner(ctx.args)
    require_models([resolved.models.segmenter, resolved.models.propagator])
    folder = RunFolder(run)
    folder.create()
    with folder.lock():
        rejects = _run(folder, resolved, beam_options)
    if rejects:
        raise typer.Exit(REJECTED)


def _run(folder: RunFolder, config: RunConfig, beam_options: list[str]) -> int:
    _keep_config(folder, config)
    folder.sweep()
    plan = make_plan(folder, config)
    if plan.n_videos and not plan.jobs and not plan.rejects:
        raise UsageProblem(f"{config.localizations} localizes nothing in {config.videos}")
    _require_localizer(config, plan)
    tables.REJECTS.write(folder.table_file(tables.REJECTS, "ingest"), plan.rejects, folder.metadata())
    _announce(plan, config)
    start = time.monotonic()
    _work(folder, config, plan.open_jobs, beam_options)
    folder.sweep()
    return _summarize(folder, plan, time.monotonic() - start)


def _require_localizer(config: RunConfig, plan: Plan) -> None:
    """Stop at once when words need a localizer that cannot work here."""
    if any(isinstance(loc.hint, Expression) for job in plan.open_jobs for loc in job.localizations):
        try:
            require_localizer(config.models.localizer)
        except LocalizerError as problem:
            raise UsageProblem(str(problem)) from None


def make_plan(folder: RunFolder, config: RunConfig) -> Plan:
    """Find videos, read and match localizations, and see what is done already.

    Raises:
        UsageProblem: nothing can be read.
    """
    files, rejects = find_videos(config.videos)
    try:
        localizations, bad = read_localizations(config.localizations, config.format)
    except (IngestError, OSError) as problem:
        raise UsageProblem(str(problem)) from None
    matched, unmatched = match(localizations, [file.video_id for file in files])
    jobs = make_jobs(files, matched, config.hash())
    return Plan(jobs, folder.committed(), [*rejects, *bad, *unmatched], len(files))


def _keep_config(folder: RunFolder, config: RunConfig) -> None:
    if folder.config_file.exists() and (old := folder.config()).get("config_hash") != config.hash():
        changed = ", ".join(_differences(old, config)) or "settings"
        raise UsageProblem(
            f"run folder {folder.path} was made with other settings ({changed}); "
            "use the same ones to continue it, or choose another --run"
        )
    temporary = folder.path / ".run.yaml.tmp"
    temporary.write_text(config.to_yaml(), encoding="utf-8")
    temporary.rename(folder.config_file)


def _differences(old: dict[str, Any], config: RunConfig) -> list[str]:
    import yaml

    new = yaml.safe_load(config.to_yaml())
    return [
        f"{part}.{name}: {old.get(part, {}).get(name)} → {value}"
        for part in ("models", "sampling")
        for name, value in new[part].items()
        if old.get(part, {}).get(name) != value
    ]


def _check_runner(options: Sequence[str]) -> list[str]:
    if not options:
        return []
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

    if stray := [o for o in options if not o.startswith("-")][:1]:
        raise UsageProblem(f"unexpected argument {stray[0]!r}; give one VIDEOS (quote a glob), Beam options behind --")
    name = str(PipelineOptions(list(options)).view_as(StandardOptions).runner or "FnApiRunner").rsplit(".", maxsplit=1)[
        -1
    ]
    if name in _WRONG_RUNNERS:
        raise UsageProblem(f"runner {name} ends with wrong results and no error; leave the option out")
    if name != "FnApiRunner":
        raise UsageProblem(f"runner {name} is not supported yet: videos run on this machine; leave the option out")
    return list(options)


def _work(folder: RunFolder, config: RunConfig, jobs: list[VideoJob], beam_options: list[str]) -> None:
    if not jobs:
        return
    watch = Watch(folder.work / "progress")
    with shown(watch, estimate(jobs, config).total):
        Workers(folder, Workload(tuple(jobs), config, tuple(beam_options)), watch).work()


def _announce(plan: Plan, config: RunConfig) -> None:
    if skipped := len(plan.jobs) - len(plan.open_jobs):
        console.print(f"Skipping {skipped} of {len(plan.jobs)} videos: they are done already.")
    if unasked := plan.n_videos - len(plan.jobs):
        console.print(f"{unasked} of {plan.n_videos} videos have no localization and are left out.")
    if plan.open_jobs:
        console.print(estimate(plan.open_jobs, config).sentence())


def _summarize(folder: RunFolder, plan: Plan, seconds: float) -> int:
    done = tables.VIDEOS.read(folder.path)
    wanted = {job.video_id for job in plan.open_jobs}
    frames = sum(
        n for v, n in zip(done["video_id"].to_pylist(), done["n_frames"].to_pylist(), strict=True) if v in wanted
    )
    rejects = tables.REJECTS.read(folder.path)
    rows: list[tuple[str, object]] = [
        ("videos", f"{done.num_rows:,} done, {len(plan.jobs) - len(plan.open_jobs):,} of them before"),
        ("objects", sum(done["n_objects"].to_pylist())),
        ("masks", tables.MASKS.read(folder.path).num_rows),
        ("candidates", tables.CANDIDATES.read(folder.path).num_rows),
        ("time", f"{seconds:.1f} s, {frames / max(seconds, 1e-9):.1f} frames/s"),
        ("run folder", folder.path),
    ]
    if rejects.num_rows:
        kinds = Counter(
            f"{s}: {e}" for s, e in zip(rejects["stage"].to_pylist(), rejects["error"].to_pylist(), strict=True)
        )
        rows.append(("rejected", f"{rejects.num_rows:,} ({', '.join(f'{k} × {n}' for k, n in sorted(kinds.items()))})"))
        rows.append(("why", f"{folder.path / 'rejects'} or pointvos report --run {folder.path}"))
    rows.append(("look at it", f"pointvos report --run {folder.path}"))
    rows.append(("verify it", f"pointvos review up --run {folder.path}"))
    summary("Annotated", rows)
    return int(rejects.num_rows)

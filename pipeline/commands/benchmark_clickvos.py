"""``pointvos benchmark clickvos``: masks from one click per object in the first frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Annotated, Any

import typer
from rich.table import Table

from pipeline.commands import options
from pipeline.commands.benchmark_plots import draw_frames
from pipeline.commands.benchmark_rounds import GroundTruth, Json, simulated_config
from pipeline.config import RunConfig, load_config
from pipeline.kept_config import keep_config
from pipeline.runs.folder import RunFolder
from pipeline.runs.inputs import read_inputs
from pipeline.simulation.clickvos import SEEDS, ClickedVideo, clicked, first_clicks, j_by_frame
from pipeline.simulation.corpus import TrueVideo, true_videos
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, console, show_problems, styled
from pipeline.terminal.json_files import write_json
from schemas.checks import require_choice
from schemas.localizations import Localization
from stages.simulated_prompts import CLICK_MODES
from stages.video.errors import DecodeError

MODES = (*CLICK_MODES, "human")
_SHOWN_FRAMES = (0, 1, 2, 5, 10, 20, 30, 40, 60, 80, 100)


@dataclass(frozen=True, slots=True)
class _ClickSet:
    """All videos from one set of clicks; the name is that of its run folder."""

    name: str
    videos: tuple[ClickedVideo, ...]

    def mean(self) -> dict[str, float]:
        """J&F, J and F over all objects, and how many candidates are right."""
        objects = [one for video in self.videos for one in video.objects]
        n_points = sum(video.n_points for video in self.videos)
        return {
            "J&F": fmean(one.j_and_f for one in objects),
            "J": fmean(one.j.mean for one in objects),
            "F": fmean(one.f.mean for one in objects),
            "points right": sum(video.n_points_right for video in self.videos) / max(1, n_points),
        }


def clickvos(
    videos: options.Videos,
    ground_truth: GroundTruth,
    run: Annotated[
        Path,
        typer.Option(
            help="Folder of the runs, one for each set of clicks; the same command continues an interrupted one.",
            metavar="DIR",
            callback=options.on_this_machine,
        ),
    ],
    clicks: Annotated[
        str, typer.Option(help=f"center, random (mean and deviation of {SEEDS} draws), or human, with --localizations.")
    ] = "center",
    localizations: Annotated[
        str | None, typer.Option(help="For --clicks human: a clicks file with one click per object on the first frame.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Draws of random clicks.", min=1)] = SEEDS,
    segmenter: options.Segmenter = None,
    propagator: options.Propagator = None,
    repair: options.Repair = None,
    device: options.Device = None,
    json_file: Json = None,
) -> None:
    """Measure masks from one click per object in the first frame, after the ClickVOS protocol.

    J and F are measured on all frames, including the first, whose mask is predicted too. J against the frame index
    shows whether masks recover from a poor first one or decay. Points are the candidates that `pointvos annotate`
    draws.

    Example:
      pointvos benchmark clickvos DAVIS/JPEGImages/480p --ground-truth DAVIS/Annotations/480p --run runs/clickvos
    """
    try:
        require_choice("clicks", clicks, MODES)
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None
    if (clicks == "human") != (localizations is not None):
        raise UsageProblem("--clicks human and --localizations FILE belong together")
    config = simulated_config(videos, segmenter, propagator, repair, device)
    found, problems = true_videos(videos, ground_truth)
    sets = _human(videos, localizations) if localizations else _simulated(found, clicks, seeds)
    n_sets = seeds if clicks == "random" else 1
    draws: list[_ClickSet] = []
    with bar("Videos", n_sets * len(found)) as advance:
        for name, hints in sets:
            folder = RunFolder(run / name)
            folder.create()
            with folder.lock():
                keep_config(folder, config)
                own = _clicked(folder.absolute(), config, found, hints, problems, advance)
            if own:
                draws.append(_ClickSet(name, tuple(own)))
    if not draws:
        raise UsageProblem(f"no video could be measured; {problems[0]}")
    report = _report(clicks, draws, problems)
    if json_file:
        write_json(json_file, report)
        draw_frames(json_file, _lines(report, draws), clicks)
    _show(report, draws)
    show_problems("rejected", problems)
    if problems:
        raise typer.Exit(REJECTED)


Hints = dict[str, list[Localization]]


def _simulated(found: Sequence[TrueVideo], mode: str, seeds: int) -> Iterator[tuple[str, Hints]]:
    for seed in range(seeds if mode == "random" else 1):
        name = f"{mode}-{seed}" if mode == "random" else mode
        yield name, {one.file.video_id: first_clicks(one.file.video_id, one.truth, mode, seed) for one in found}


def _human(videos: str, localizations: str) -> Iterator[tuple[str, Hints]]:
    inputs = read_inputs(load_config(None, {"videos": videos, "localizations": localizations}))
    yield "human", {video_id: list(own) for video_id, own in inputs.matched.items()}


def _clicked(
    folder: RunFolder,
    config: RunConfig,
    found: Sequence[TrueVideo],
    hints: Hints,
    problems: list[str],
    advance: Any,
) -> list[ClickedVideo]:
    measured = []
    for one in found:
        try:
            measured.append(clicked(folder, config, one, hints.get(one.file.video_id, [])))
        except (ValueError, DecodeError) as problem:
            problems.append(f"{one.file.video_id}: {problem}")
        advance(1)
    return measured


def _report(mode: str, draws: Sequence[_ClickSet], problems: Sequence[str]) -> dict[str, Any]:
    means = [draw.mean() for draw in draws]
    columns = {name: [one[name] for one in means] for name in means[0]}
    return {
        "clicks": mode,
        "draws": len(draws),
        "mean": {name: fmean(values) for name, values in columns.items()},
        "deviation": {name: pstdev(values) for name, values in columns.items()},
        "J by frame": j_by_frame([video for draw in draws for video in draw.videos]),
        "objects": [
            {"draw": draw.name, "video_id": one.video_id, "object_id": one.object_id, "J": one.j.mean, "F": one.f.mean}
            for draw in draws
            for video in draw.videos
            for one in video.objects
        ],
        "rejected": list(problems),
    }


def _lines(report: Mapping[str, Any], draws: Sequence[_ClickSet]) -> dict[str, Mapping[int, float]]:
    """J by frame index: the mean, and each set of clicks of several."""
    own = {draw.name: j_by_frame(draw.videos) for draw in draws} if len(draws) > 1 else {}
    return {"mean": report["J by frame"], **own}


def _show(report: dict[str, Any], draws: Sequence[_ClickSet]) -> None:
    console.print(styled(f"From one {report['clicks']} click per object", "bold"))
    table = Table(box=None, pad_edge=False)
    table.add_column("video", style="cyan", overflow="fold")
    for name in ("J&F", "J", "F"):
        table.add_column(name, justify="right")
    for video_id in sorted({video.video_id for draw in draws for video in draw.videos}):
        own = [one for draw in draws for video in draw.videos if video.video_id == video_id for one in video.objects]
        j, f = fmean(one.j.mean for one in own), fmean(one.f.mean for one in own)
        table.add_row(video_id, f"{(j + f) / 2:.3f}", f"{j:.3f}", f"{f:.3f}")
    table.add_section()
    table.add_row("mean", *(f"{report['mean'][name]:.3f}" for name in ("J&F", "J", "F")), style="bold")
    if len(draws) > 1:
        table.add_row("deviation", *(f"{report['deviation'][name]:.3f}" for name in ("J&F", "J", "F")))
    console.print(table)
    by_frame = report["J by frame"]
    shown = [f"{idx}: {by_frame[idx]:.3f}" for idx in _SHOWN_FRAMES if idx in by_frame]
    console.print(f"J by frame index: {', '.join(shown)}")
    console.print(f"correct candidates: {report['mean']['points right']:.1%}")

"""``pointvos train propagator``: a memory network that learns from verified points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands.options import Run
from pipeline.commands.training_options import (
    BATCH,
    BETWEEN,
    SIZE,
    VIEWS,
    Batch,
    Between,
    Capacity,
    Device,
    PrecisionOption,
    Size,
    Steps,
    Views,
    training_settings,
)
from pipeline.terminal.bar import bar
from pipeline.terminal.console import UsageProblem, console, quoted, summary
from pipeline.terminal.training import training_progress
from schemas import tables

if TYPE_CHECKING:
    from pipeline.runs.folder import RunFolder
    from stages.train.dataset import MaskReader
    from stages.train.propagator import Sources
    from stages.train.settings import ClipTraining


def propagator(
    out: Annotated[Path, typer.Option(help="Where to write the weights, e.g. tracker.pt.")],
    run: Run,
    learn: Annotated[
        str,
        typer.Option(help="points; for comparison pseudo-masks, pseudo-masks-plain, or masks with --ground-truth."),
    ] = "points",
    ground_truth: Annotated[
        Path | None, typer.Option(help="For --learn masks: folder of true masks, VIDEO_ID/FRAME.png.", exists=True)
    ] = None,
    steps: Steps = 200,
    batch: Batch = BATCH,
    size: Size = SIZE,
    between: Between = BETWEEN,
    rate: Annotated[float, typer.Option(help="Highest learning rate.", min=0.0)] = 1e-3,
    scalar_steps: Annotated[
        int,
        typer.Option(
            help="Steps that train only the dozen scalar parameters (costs, sharpness, trust, contrast), which is "
            "enough for few videos; the layers are trained after them.",
            min=0,
        ),
    ] = 100,
    seed: Annotated[int, typer.Option(help="Random seed.", min=0)] = 0,
    views: Views = VIEWS,
    capacity: Capacity = 1,
    precision: PrecisionOption = "auto",
    patience: Annotated[
        int, typer.Option(help="Stop after this many measurements without progress; 0: never.", min=0)
    ] = 0,
    measure_every: Annotated[int, typer.Option(help="Steps between measurements on the held-out videos.", min=1)] = 50,
    device: Device = "auto",
    checkpoint_every: Annotated[int, typer.Option(help="Steps between checkpoints.", min=1)] = 50,
) -> None:
    """Train a propagator on the verified points of a run.

    A memory network learns to carry an object through a video from its points on one frame, by its points on others.
    Clips include the frames in between, which are read from the videos; if these are missing, give `--between 0`.
    Videos of split val are held out: the weights that perform best on their points are kept. The same command continues
    a training that was cut off. Use the result with `--propagator trained:FILE`.

    Example:
      pointvos train propagator --run runs/first --out tracker.pt
    """
    _require_usable(out)
    settings = training_settings(
        size, device, supervision=learn, steps=steps, batch=batch, rate=rate, seed=seed, between=between, views=views,
        scalar_steps=scalar_steps, capacity=capacity, precision=precision,
        measure_every=measure_every, patience=patience,
    )  # fmt: skip
    sources = _sources(run, settings, ground_truth)
    score = _train(sources, out, settings, device, checkpoint_every)
    n_held_out = 0 if sources.held_out is None else len(sources.held_out.videos)
    rows: list[tuple[str, object]] = [("videos to train on", len(sources.own.videos)), ("held out", n_held_out)]
    rows += [("balanced accuracy, held out", "–" if score is None else f"{score:.3f}"), ("written to", out)]
    summary(f"Trained a propagator on {learn}", rows)
    console.print(f"Use it with: pointvos annotate … --propagator trained:{out}", markup=False)


def _require_usable(out: Path) -> None:
    if out.suffix in ("", ".checkpoint", ".csv"):
        raise UsageProblem(f"--out {out}: give a file such as tracker.pt; .checkpoint and .csv are written beside it")
    if out.exists() and not out.with_suffix(".checkpoint").exists():
        raise UsageProblem(f"{out} is there already; choose another --out, or remove it to train again")


def require_points(run: RunFolder) -> RunFolder:
    """Return the run when it lies on this machine and has points.

    Raises:
        UsageProblem: it does not.
    """
    folder = run.require()
    if not isinstance(folder.path, Path):
        raise UsageProblem(f"run {run} is in an object store; copy it to this machine to train on it")
    if not tables.POINTS.files(folder.path):
        raise UsageProblem(f"run {run} has no points; make them with: pointvos merge --run {quoted(run)}")
    return folder


def _sources(run: RunFolder, settings: ClipTraining, ground_truth: Path | None) -> Sources:
    from pipeline.dataset import open_dataset
    from stages.train.digests import digest_of
    from stages.train.propagator import Sources

    folder = require_points(run)
    read_mask = _masks(folder, settings.supervision, ground_truth)
    path = Path(str(folder.path))
    reads = bool(settings.between)
    own = open_dataset(path, "train", settings.dataset_options(), read_mask, reads_videos=reads)
    held_out = open_dataset(path, "val", settings.dataset_options(is_held_out=True), reads_videos=reads)
    return Sources(own, held_out, digest_of(own, held_out))


def _masks(run: RunFolder, learn: str, ground_truth: Path | None) -> MaskReader | None:
    from pipeline.dataset import RunMasks, TrueMasks

    if learn == "masks":
        if ground_truth is None:
            raise UsageProblem("--learn masks needs --ground-truth, the folder of true masks")
        return TrueMasks(run, ground_truth)
    return None if learn == "points" else RunMasks(run)


def _train(sources: Sources, out: Path, settings: ClipTraining, device: str, checkpoint_every: int) -> float | None:
    from stages.backends.embedded.training.checkpoints import TrainingFiles
    from stages.train.propagator import COLUMNS, train

    try:
        with bar("Training", settings.steps, prints_lines=False) as advance:
            tell = training_progress(settings.steps, advance, "loss {:.3f}")
            files = TrainingFiles(out, COLUMNS)
            _, score = train(sources, files, settings, device=device, checkpoint_every=checkpoint_every, tell=tell)
    except (ValueError, FileNotFoundError) as problem:
        raise UsageProblem(str(problem)) from None
    return score

"""``pointvos train``: models of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.capacity.devices import require_device
from pipeline.commands.train_propagator import propagator
from pipeline.runs.folder import RunFolder
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, console, quoted, show_problems, styled, summary
from pipeline.terminal.training import training_progress
from schemas import tables

if TYPE_CHECKING:
    from stages.backends.embedded.training.pictures import Picture
    from stages.backends.embedded.training.segmenter import TrainingSettings

train_app = typer.Typer(
    help="Train models on your own pictures, or on the verified points of a run.", no_args_is_help=True
)

Figures = dict[str, float]


train_app.command()(propagator)


@train_app.command()
def segmenter(
    out: Annotated[Path, typer.Option(help="Where to write the weights, e.g. own.pt.")],
    run: Annotated[
        list[RunFolder] | None,
        typer.Option(parser=RunFolder.parse, metavar="DIR", help="A run with verified points; may be repeated."),
    ] = None,
    coco: Annotated[list[Path] | None, typer.Option(help="A COCO instances file, with --images.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of the images of --coco.")] = None,
    packs: Annotated[list[Path] | None, typer.Option(help="A pack, or a folder of packs (*.npz).")] = None,
    without: Annotated[list[str] | None, typer.Option(help="A source in the packs to exclude.")] = None,
    start: Annotated[
        str,
        typer.Option("--from", help="Initial weights: embedded (shipped with pointvos), nothing (random), or a file."),
    ] = "embedded",
    steps: Annotated[int, typer.Option(help="Steps of the optimizer.", min=1)] = 2000,
    batch: Annotated[int, typer.Option(help="Pictures per step.", min=2)] = 16,
    side: Annotated[int, typer.Option(help="Side length of training pictures, in pixels.", min=64)] = 384,
    rate: Annotated[float, typer.Option(help="Highest learning rate.", min=0.0)] = 5e-4,
    seed: Annotated[int, typer.Option(help="Random seed.", min=0)] = 0,
    decoder_only: Annotated[
        bool, typer.Option("--decoder-only", help="Freeze the encoder: halves the time per step.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:N or auto.")] = "auto",
    workers: Annotated[int, typer.Option(help="Threads that prepare pictures; never changes the result.", min=1)] = 2,
    checkpoint_every: Annotated[int, typer.Option(help="Steps between checkpoints.", min=1)] = 100,
) -> None:
    """Train the embedded segmenter on pictures with masks, or on verified points.

    From a run, masks that agree with all verified points of their frame are learned as a whole; from the others, only
    the points. A twentieth of the pictures (of the videos, in a run) is held out, and measured before and after. The
    same command continues a training that was cut off. Use the result with `--segmenter trained:FILE`, and with
    `--propagator trained:FILE` for tracked masks too.

    A run has few frames, so few steps are enough: the network gets better on videos like these and worse on others. The
    default of `--steps` is for packs and COCO.

    Example:
      pointvos train segmenter --run runs/first --out own.pt --steps 60 --batch 6 --side 256
    """
    from stages.backends.embedded.training.segmenter import TrainingSettings

    _require_usable(out, side)
    require_device(device)
    pictures, problems = _read(run or [], coco or [], images, packs or [], without or [])
    show_problems("left out:", problems)
    settings = TrainingSettings(steps, batch, side, rate, seed, start, decoder_only=decoder_only)
    before, after = _train(pictures, out, settings, device, workers, checkpoint_every)
    n_held_out = sum(picture.is_held_out for picture in pictures)
    rows: list[tuple[str, object]] = [("pictures to train on", len(pictures) - n_held_out), ("held out", n_held_out)]
    rows += [(f"{kind}, held out", f"{before[kind]:.3f} before, {after[kind]:.3f} after") for kind in after]
    summary("Trained the embedded segmenter", [*rows, ("written to", out)])
    if worse := decreased(before, after):
        console.print(
            styled(f"Worse than before on held-out pictures: {', '.join(worse)}.", "yellow"),
            "Keep the initial weights for such hints, or train again with fewer --steps or a lower --rate.",
            soft_wrap=True,
        )
    console.print(
        f"Use it with: pointvos annotate … --segmenter trained:{out} --propagator trained:{out}", markup=False
    )
    if problems:
        raise typer.Exit(REJECTED)


def decreased(before: Figures, after: Figures) -> list[str]:
    """Names of the figures that fell, as far as the three digits of the summary show it."""
    return [kind for kind in after if round(after[kind], 3) < round(before[kind], 3)]


def _require_usable(out: Path, side: int) -> None:
    if out.suffix in ("", ".checkpoint", ".csv"):
        raise UsageProblem(f"--out {out}: give a file such as own.pt; .checkpoint and .csv are written beside it")
    if side % 32:
        raise UsageProblem(f"--side {side} is not a multiple of 32")
    if out.exists() and not out.with_suffix(".checkpoint").exists():
        raise UsageProblem(f"{out} is there already; choose another --out, or remove it to train again")


def _read(
    runs: list[RunFolder], cocos: list[Path], images: Path | None, packs: list[Path], without: list[str]
) -> tuple[list[Picture], list[str]]:
    """All pictures, and what could not be used."""
    from pipeline.runs.training_pictures import read_run
    from stages.backends.embedded.training.coco import read_coco
    from stages.backends.embedded.training.packs import read_packs

    if not (runs or cocos or packs):
        raise UsageProblem("nothing to train on; give --run, --coco with --images, or --packs")
    if cocos and images is None:
        raise UsageProblem("--coco needs --images, the folder of its images")
    for path in [*cocos, *([images] if images else []), *packs]:
        if not path.exists():
            raise UsageProblem(f"there is no file or folder {path}")
    files = [file for path in packs for file in (sorted(path.glob("*.npz")) if path.is_dir() else [path])]
    if packs and not files:
        raise UsageProblem(f"no packs (*.npz) in {packs[0]}")
    for folder in runs:
        if not tables.POINTS.files(folder.require().path):
            raise UsageProblem(f"run {folder} has no points; make them with: pointvos merge --run {quoted(folder)}")
    try:
        pictures = read_packs(files, without) if files else []
        found = [*(read_coco(file, images or Path()) for file in cocos), *(read_run(folder) for folder in runs)]
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None
    return [*pictures, *(p for own, _ in found for p in own)], [problem for _, bad in found for problem in bad]


def _train(
    pictures: list[Picture], out: Path, settings: TrainingSettings, device: str, workers: int, checkpoint_every: int
) -> tuple[Figures, Figures]:
    """Figures before and after."""
    from stages.backends.embedded.training.checkpoints import TrainingFiles
    from stages.backends.embedded.training.segmenter import first_network, train

    try:
        network = first_network(settings.start, settings.seed, device)
        with bar("Training", settings.steps, prints_lines=False) as advance:
            tell = training_progress(settings.steps, advance, "loss {:.3f}, J of its views {:.3f}")
            files = TrainingFiles(out)
            return train(
                pictures, network, files, settings, workers=workers, checkpoint_every=checkpoint_every, tell=tell,
                announce=console.print,
            )  # fmt: skip
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None

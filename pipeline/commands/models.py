"""``pointvos models``: the checkpoints of Segment Anything and Cutie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from pipeline.terminal.console import REJECTED, UsageProblem, WorkProblem, console, errors, styled
from stages.backends.checkpoints.cache import cache_folder, checkpoint_file, require_checkpoint, verify
from stages.backends.checkpoints.catalog import CHECKPOINTS, Checkpoint, checkpoint_named
from stages.backends.checkpoints.checksums import OnProgress
from stages.backends.checkpoints.errors import CheckpointError, DamagedCheckpointError, MissingCheckpointError
from stages.backends.checkpoints.fetching import Fetch

models_app = typer.Typer(
    help="List, fetch and check the checkpoints of Segment Anything and Cutie. The embedded models need none.",
    no_args_is_help=True,
)

_ALL = "All of them when none is named."


@models_app.command("list")
def list_models() -> None:
    """Show every checkpoint: what it is for, its size and licence, and whether it is in the cache.

    The cache is the folder in POINTVOS_CACHE, else XDG_CACHE_HOME/pointvos, else ~/.cache/pointvos.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "option", "size", "licence", "state"):
        table.add_column(title)
    for checkpoint in CHECKPOINTS.values():
        size = f"{checkpoint.n_bytes / 1e6:,.0f} MB" if checkpoint.n_bytes else "not stated"
        option = f"--{checkpoint.task} {checkpoint.name}"
        table.add_row(checkpoint.name, option, size, checkpoint.license, _state(checkpoint))
    console.print(table)
    console.print(f"Cache: {cache_folder()}. Fetch one with: pointvos models fetch {next(iter(CHECKPOINTS))}")


@models_app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="Which checkpoints; see: pointvos models list.")],
    source: Annotated[
        str, typer.Option("--from", help="A file or an http(s) address to take it from instead of the official one.")
    ] = "",
    sha256: Annotated[str, typer.Option(help="Accept weights of your own: the SHA-256 that the file must have.")] = "",
) -> None:
    """Download checkpoints into the cache.

    Resumes interrupted downloads. A file gets its name only after its checksum was verified; where
    only an MD5 or nothing is published, the SHA-256 of the first fetch is recorded and holds from then on. Where
    nothing is published, the file must also fit the architecture, and is verified only when it comes from the official
    address.

    Examples:
      pointvos models fetch sam_vit_b cutie_base

      pointvos models fetch sam_vit_h --from /media/usb/sam_vit_h_4b8939.pth
    """
    checkpoints = _named(names)
    if len(checkpoints) > 1 and (source or sha256):
        raise UsageProblem(f"--from and --sha256 are for one checkpoint, not for {len(checkpoints)}")
    for checkpoint in checkpoints:
        with _problems_told(), _bar(f"fetching {checkpoint.name}") as on_progress:
            order = Fetch(source, sha256.lower(), on_progress, _tell_to_wait, _require_fit)
            record = order(checkpoint)
        is_sure = record.own or checkpoint.is_verified(record.source)
        state = "ready" if is_sure else "fits the architecture, but not verified: its authors publish no checksum"
        console.print(f"{checkpoint.name}: {state}, SHA-256 {record.sha256}", soft_wrap=True)
        console.print(f"  {checkpoint_file(checkpoint)} (licence of the weights: {checkpoint.license})", soft_wrap=True)


@models_app.command()
def check(names: Annotated[list[str] | None, typer.Argument(help=f"Which checkpoints. {_ALL}")] = None) -> None:
    """Verify the checksums of checkpoints; exits 3 when one is damaged or a named one is missing.

    Example:
      pointvos models check
    """
    failed = False
    for checkpoint in _named(names or list(CHECKPOINTS)):
        try:
            with _bar(f"checking {checkpoint.name}") as on_progress:
                record = verify(checkpoint, again=True, on_progress=on_progress)
            console.print(f"{checkpoint.name}: intact, SHA-256 {record.sha256}")
        except MissingCheckpointError as problem:
            failed |= bool(names)
            console.print(str(problem) if names else f"{checkpoint.name}: not fetched", soft_wrap=True)
        except DamagedCheckpointError as problem:
            failed = True
            console.print(styled(f"{checkpoint.name}: damaged.", "red"), str(problem), soft_wrap=True)
    if failed:
        raise typer.Exit(REJECTED)


@models_app.command()
def path(name: Annotated[str, typer.Argument(help="Which checkpoint.")]) -> None:
    """Print the path of a checkpoint, for scripts; exits 2 when it is not in the cache.

    Example:
      cp "$(pointvos models path sam_vit_b)" /media/usb/
    """
    require_models([_named([name])[0].name])
    typer.echo(checkpoint_file(CHECKPOINTS[name]))


def require_models(names: Sequence[str]) -> None:
    """Make sure that the backends called ``names`` have their checkpoints; backends that need none pass.

    Raises:
        UsageProblem: one is missing or damaged; the message names the command that brings it.
    """
    for name in names:
        if name in CHECKPOINTS:
            try:
                require_checkpoint(name)
            except CheckpointError as problem:
                raise UsageProblem(str(problem)) from None


def _tell_to_wait() -> None:
    errors.print("Another command is downloading it; waiting …")


def _require_fit(checkpoint: Checkpoint, path: Path) -> None:
    """For checkpoints without a published checksum.

    Raises:
        ValueError: the file does not fit the architecture.
    """
    from stages.backends.cutie.propagator import require_fit

    require_fit(checkpoint.name, path)


def _named(names: Sequence[str]) -> list[Checkpoint]:
    try:
        return [checkpoint_named(name) for name in dict.fromkeys(names)]
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None


def _state(checkpoint: Checkpoint) -> Text:
    try:
        record = verify(checkpoint)
    except MissingCheckpointError:
        return Text("not fetched")
    except DamagedCheckpointError:
        return styled("damaged", "red")
    if record.own:
        return styled("own weights", "yellow")
    is_sure = checkpoint.is_verified(record.source)
    return styled("ready", "green") if is_sure else styled("not verified", "yellow")


@contextmanager
def _problems_told() -> Iterator[None]:
    try:
        yield
    except CheckpointError as problem:
        raise WorkProblem(str(problem)) from None


@contextmanager
def _bar(text: str) -> Iterator[OnProgress]:
    """A progress bar in bytes; it appears with the first byte."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=errors, transient=True) as progress:
        task = progress.add_task(text, total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)

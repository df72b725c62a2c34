"""``pointvos models``: the weights of the models that do not come with the package."""

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
from schemas.checks import require_choice
from stages.backends.checkpoints.cache import cache_folder, checkpoint_file, require_checkpoint, verify
from stages.backends.checkpoints.catalog import CHECKPOINTS, HUB_MODELS, WEIGHTS, Checkpoint, HubModel
from stages.backends.checkpoints.checksums import OnProgress
from stages.backends.checkpoints.errors import CheckpointError, DamagedCheckpointError, MissingCheckpointError
from stages.backends.checkpoints.fetching import Fetch
from stages.backends.checkpoints.hub import fetch_hub_model, hub_folder, require_hub_model, verify_hub_model
from stages.backends.families import SAM2_FAMILY, require_packages

models_app = typer.Typer(
    help="List, fetch and check the weights of models. The embedded models need none.",
    no_args_is_help=True,
)

_ALL = "Default: all."


@models_app.command("list")
def list_models() -> None:
    """Show every checkpoint: what it is for, its size and licence, and whether it is in the cache.

    The cache is the folder in POINTVOS_CACHE, else XDG_CACHE_HOME/pointvos, else ~/.cache/pointvos.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "option", "size", "licence", "state"):
        table.add_column(title)
    for model in WEIGHTS.values():
        options = ", ".join(f"--{task}" for task in model.tasks)
        table.add_row(model.name, f"{options} {model.name}", _size(model), model.license, _state(model))
    console.print(table)
    console.print(f"Cache: {cache_folder()}. Fetch one with: pointvos models fetch {next(iter(CHECKPOINTS))}")


@models_app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="Which checkpoints; see: pointvos models list.")],
    source: Annotated[
        str, typer.Option("--from", help="A file or an http(s) URL to use instead of the official one.")
    ] = "",
    sha256: Annotated[str, typer.Option(help="Accept custom weights: the SHA-256 that the file must have.")] = "",
    revision: Annotated[
        str, typer.Option(help="For models on the Hugging Face hub: the commit to fetch, instead of the previous one.")
    ] = "",
) -> None:
    """Download checkpoints into the cache.

    Resumes interrupted downloads. A file is put in place only after its checksum was verified. Where only an MD5 or no
    checksum is published, the SHA-256 of the first download is recorded and required from then on. Without a published
    checksum, the file must also fit the architecture, and counts as verified only if it comes from the official
    address. Models of the Hugging Face hub are folders: the commit of the first download is recorded and used from then
    on, and every large file is checked against the SHA-256 that the hub states.

    Examples:
      pointvos models fetch sam_vit_b cutie_base

      pointvos models fetch sam_vit_h --from /media/usb/sam_vit_h_4b8939.pth
    """
    models = _named(names)
    if len(models) > 1 and (source or sha256 or revision):
        raise UsageProblem(f"--from, --sha256 and --revision are for one checkpoint, not for {len(models)}")
    for model in models:
        if isinstance(model, HubModel):
            if sha256:
                raise UsageProblem(f"--sha256 is for a file, and {model.name} is a folder; give it with --from FOLDER")
            _fetch_from_hub(model, source, revision)
        elif revision:
            raise UsageProblem(f"--revision is for models of the Hugging Face hub; {model.name} is a file")
        else:
            _fetch_file(model, source, sha256)


def _fetch_file(checkpoint: Checkpoint, source: str, sha256: str) -> None:
    with _printed_problems(), _bar(f"fetching {checkpoint.name}") as on_progress:
        record = Fetch(source, sha256.lower(), on_progress, _tell_to_wait, _require_fit)(checkpoint)
    is_sure = record.own or checkpoint.is_verified(record.source)
    state = "ready" if is_sure else "fits the architecture, but not verified: its authors publish no checksum"
    console.print(f"{checkpoint.name}: {state}, SHA-256 {record.sha256}", soft_wrap=True)
    console.print(f"  {checkpoint_file(checkpoint)} (licence of the weights: {checkpoint.license})", soft_wrap=True)


def _fetch_from_hub(model: HubModel, source: str, revision: str) -> None:
    with _printed_problems():
        record = fetch_hub_model(model, source, revision, _tell_to_wait)
    commit = f"revision {record.revision} of {record.source}" if record.revision else f"copied from {record.source}"
    console.print(f"{model.name}: ready, {commit}", soft_wrap=True)
    console.print(f"  {hub_folder(model)} (licence of the weights: {model.license})", soft_wrap=True)


@models_app.command()
def check(names: Annotated[list[str] | None, typer.Argument(help=f"Which checkpoints. {_ALL}")] = None) -> None:
    """Verify the checksums of checkpoints; exits 3 when one is damaged or a named one is missing.

    Example:
      pointvos models check
    """
    failed = False
    for model in _named(names or list(WEIGHTS)):
        try:
            console.print(f"{model.name}: intact, {_checked(model)}", soft_wrap=True)
        except MissingCheckpointError as problem:
            failed |= bool(names)
            console.print(str(problem) if names else f"{model.name}: not fetched", soft_wrap=True)
        except DamagedCheckpointError as problem:
            failed = True
            console.print(styled(f"{model.name}: damaged.", "red"), str(problem), soft_wrap=True)
    if failed:
        raise typer.Exit(REJECTED)


@models_app.command()
def path(name: Annotated[str, typer.Argument(help="Which checkpoint.")]) -> None:
    """Print the path of a checkpoint, for scripts; exits 2 when it is not in the cache.

    Example:
      cp "$(pointvos models path sam_vit_b)" /media/usb/
    """
    (model,) = _named([name])
    require_models([name])
    typer.echo(hub_folder(model) if isinstance(model, HubModel) else checkpoint_file(model))


def require_models(names: Sequence[str]) -> None:
    """Make sure that the backends called ``names`` have their checkpoints; backends that need none pass.

    Raises:
        UsageProblem: one is missing or damaged; the message names the command that fetches it.
    """
    for name in names:
        try:
            if name in SAM2_FAMILY:
                require_packages(name)
            if name in CHECKPOINTS:
                require_checkpoint(name)
            elif name in HUB_MODELS:
                require_hub_model(name)
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


def _named(names: Sequence[str]) -> list[Checkpoint | HubModel]:
    try:
        for name in names:
            require_choice("checkpoint", name, tuple(WEIGHTS))
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None
    return [WEIGHTS[name] for name in dict.fromkeys(names)]


def _size(model: Checkpoint | HubModel) -> str:
    if isinstance(model, HubModel):
        return "on request" if model.is_gated else "not stated"
    return f"{model.n_bytes / 1e6:,.0f} MB" if model.n_bytes else "not stated"


def _checked(model: Checkpoint | HubModel) -> str:
    """What is known of a model whose files were all read again."""
    if isinstance(model, HubModel):
        record = verify_hub_model(model, again=True)
        return f"revision {record.revision}" if record.revision else f"as copied from {record.source}"
    with _bar(f"checking {model.name}") as on_progress:
        return f"SHA-256 {verify(model, again=True, on_progress=on_progress).sha256}"


def _state(model: Checkpoint | HubModel) -> Text:
    try:
        if isinstance(model, HubModel):
            is_official = bool(verify_hub_model(model).revision)
            return styled("ready", "green") if is_official else styled("own weights", "yellow")
        record = verify(model)
    except MissingCheckpointError:
        return Text("not fetched")
    except DamagedCheckpointError:
        return styled("damaged", "red")
    if record.own:
        return styled("own weights", "yellow")
    return styled("ready", "green") if model.is_verified(record.source) else styled("not verified", "yellow")


@contextmanager
def _printed_problems() -> Iterator[None]:
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

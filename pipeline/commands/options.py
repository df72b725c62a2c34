"""The options that describe a run, shared by the commands that make or plan one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.capacity.devices import require_device
from pipeline.config import RunConfig, load_config
from pipeline.runs.folder import RunFolder
from pipeline.runs.storage import run_path
from pipeline.terminal.console import UsageProblem
from schemas.remote_paths import AnyPath


def anywhere(text: str) -> AnyPath:
    """What a command writes, as it is typed: a path of this machine, or s3://BUCKET/NAME or gs://BUCKET/NAME.

    Raises:
        UsageProblem: nothing can be written there.
    """
    return run_path(text, "path")


def existing(text: str) -> AnyPath:
    """What a command reads, as it is typed: an existing local path, or an address in an object store.

    Raises:
        BadParameter: there is no such path.
        UsageProblem: no such store can be read.
    """
    path = anywhere(text)
    if isinstance(path, Path) and not path.exists():
        raise typer.BadParameter(f"path {text!r} does not exist")
    return path


def on_this_machine(path: Path | None) -> Path | None:
    """The path, unless it is the address of a store, of which a folder of that name would be made here.

    Raises:
        UsageProblem: it is.
    """
    if path is not None and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)):
        address = re.sub(":/+", "://", str(path), count=1)
        raise UsageProblem(f"{address} is in an object store; give a local path and copy the result there yourself")
    return path


Run = Annotated[
    RunFolder,
    typer.Option(
        "--run",
        parser=RunFolder.parse,
        metavar="DIR",
        help="The run folder that `pointvos annotate` made: a path, s3://BUCKET/DIR or gs://BUCKET/DIR.",
        show_default=False,
    ),
]
GroundTruth = Annotated[
    Any,
    typer.Option(parser=existing, metavar="DIR", help="Folder of true masks: VIDEO_ID/FRAME.png.", show_default=False),
]
"""An :data:`AnyPath`."""
JsonFile = Annotated[
    Any,
    typer.Option(
        "--json", parser=anywhere, metavar="FILE", help="Also write the figures to this file.", show_default=False
    ),
]
"""An :data:`AnyPath`, or None."""
Videos = Annotated[str, typer.Argument(help="A video file, a folder of videos or of frame folders, or a glob.")]
Localizations = Annotated[
    str,
    typer.Option(
        help="The hints, roughly where the objects are: a file or a folder. A frame is given by position, counted "
        "from 0, or by file name (00012.jpg): the frame of that name in a folder of frames, frame 12 of a video file."
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        help="auto, vidln, clicks, boxes, scribbles, masks, expressions, points, point_vos, tapvid, or that of a tool: "
        "cvat, label_studio, labelme, mot, sav, yolo.",
        show_default="auto",
    ),
]
Coords = Annotated[
    str | None,
    typer.Option(help="Unit of clicks and boxes: pixel, fraction or percent; auto: pixel.", show_default="auto"),
]
Segmenter = Annotated[
    str | None,
    typer.Option(
        help="embedded, embedded_fast, grabcut, trained:FILE, or a model to fetch (pointvos models list).",
        show_default="embedded",
    ),
]
Propagator = Annotated[
    str | None,
    typer.Option(
        help="embedded, embedded_fast, flow, trained:FILE, or a model to fetch (pointvos models list).",
        show_default="embedded",
    ),
]
Localizer = Annotated[
    str | None,
    typer.Option(
        help="For expressions: imagenet, or grounding_dino|owlv2[:MODEL] (pip install 'pointvos\\[text]').",
        show_default="imagenet",
    ),
]
Repair = Annotated[
    bool | None,
    typer.Option("--repair/--no-repair", help="Re-segment low-quality masks.", show_default="--repair"),
]
Frames = Annotated[int | None, typer.Option(help="Frames to sample for each object.", show_default="10")]
Points = Annotated[
    int | None, typer.Option(help="Candidates for each object and frame, half of them background.", show_default="20")
]
Seed = Annotated[int | None, typer.Option(help="Seed of the sampling.", show_default="0")]
Workers = Annotated[
    int | None,
    typer.Option(help="Worker processes; never changes the result.", show_default="as cores and memory allow"),
]
Device = Annotated[
    str | None, typer.Option(help="Where the models run: auto, cpu, cuda or cuda:N.", show_default="auto")
]
MaxMemory = Annotated[
    str | None,
    typer.Option(
        help="Limit for the memory of all processes together, and for GPU memory, e.g. 4GB: chooses threads, workers, "
        "objects per pass and model sizes.",
        metavar="SIZE",
    ),
]
ReviewUrl = Annotated[
    str | None,
    typer.Option(
        "--review-url", help="Your Label Studio server; the questions of each video are queued as soon as it is done."
    ),
]
ReviewKeyFile = Annotated[
    Path | None,
    typer.Option("--review-key-file", help="File with your access token for --review-url.", metavar="FILE"),
]
ConfigFile = Annotated[Path | None, typer.Option(help="A YAML file with any of the settings of run.yaml.")]


def _of_a_run(
    *,
    format: Format = None,  # noqa: A002 - the option's name
    coords: Coords = None,
    segmenter: Segmenter = None,
    propagator: Propagator = None,
    localizer: Localizer = None,
    repair: Repair = None,
    frames: Frames = None,
    points: Points = None,
    seed: Seed = None,
    workers: Workers = None,
    device: Device = None,
    max_memory: MaxMemory = None,
    config: ConfigFile = None,
) -> None:
    """How a run is made: the options of the commands that make or plan one."""


def with_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of how a run is made behind its own ``run``; ``ctx.params`` has their values."""

    @wraps(command)
    def called(**given: Any) -> None:
        command(**{name: given[name] for name in own})

    own = dict(signature(command, eval_str=True).parameters)
    place = list(own).index("run") + 1
    asked = [*list(own.values())[:place], *signature(_of_a_run, eval_str=True).parameters.values()]
    asked = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in [*asked, *list(own.values())[place:]]]
    called.__signature__ = Signature(asked)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in asked}
    return called


_SETTINGS = {
    "videos": "videos", "localizations": "localizations", "format": "format", "coords": "coords",
    "segmenter": "models.segmenter", "propagator": "models.propagator", "localizer": "models.localizer",
    "repair": "repair.enabled", "frames": "sampling.frames", "points": "sampling.points", "seed": "sampling.seed",
    "review_url": "review_server.url", "review_key_file": "review_server.api_key_file",
    "workers": "compute.workers", "device": "compute.device", "max_memory": "compute.max_memory",
}  # fmt: skip
"""Option → setting of the config."""


def resolve(parameters: Mapping[str, Any]) -> RunConfig:
    """The config that a command line asks for: its options over its ``--config`` file over the defaults.

    Args:
        parameters: of the command, by option name; None where an option was not given.

    Raises:
        UsageProblem: an option or a setting of the file is wrong, or the device is not on this machine.
    """
    file = Path(parameters["config"]) if parameters["config"] else None
    config = load_config(file, {setting: _plain(parameters.get(option)) for option, setting in _SETTINGS.items()})
    require_device(config.compute.device)
    return config


def _plain(value: Any) -> Any:
    """An option as the config holds it: files by absolute paths, since workers may be elsewhere."""
    return str(value.absolute()) if isinstance(value, Path) else value

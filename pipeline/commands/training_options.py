"""The options of trainings, shared by the commands that train a propagator once or in many trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.capacity.devices import require_device
from pipeline.commands.options import on_this_machine
from pipeline.terminal.console import UsageProblem

if TYPE_CHECKING:
    from stages.train.settings import ClipTraining

SIZE, BETWEEN, VIEWS = "448x256", 3, 8
BATCH, TRIAL_STEPS = 1, 40

Batch = Annotated[int, typer.Option(help="Clips per step.", min=1)]
Size = Annotated[str, typer.Option(help="Frame size in training, WIDTHxHEIGHT, multiples of 32.")]
Between = Annotated[
    int,
    typer.Option(
        help="Frames between two annotated ones that a clip passes through, read from the videos; 0: the annotated "
        "frames alone, which the run keeps.",
        min=0,
    ),
]
Views = Annotated[int, typer.Option(help="Augmented views per video; 0: a new one for each clip, slower.", min=0)]
Capacity = Annotated[int, typer.Option(help="Multiple of the smallest network's channels; larger for a GPU.", min=1)]
PrecisionOption = Annotated[str, typer.Option("--precision", help="float32, bfloat16, or auto: bfloat16 on a GPU.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:N or auto.")]
Steps = Annotated[int, typer.Option(help="Steps of the optimizer, at most.", min=1)]
Seeds = Annotated[int, typer.Option(help="Trainings of each kind, with different seeds.", min=1)]
LeaveOut = Annotated[int, typer.Option(help="Videos to hold out at a time, by id, all in turn; 0: split val.", min=0)]
Out = Annotated[
    Path,
    typer.Option(
        help="Keeps weights, the result of each trial, and results/ for official evaluators; the same command "
        "continues an interrupted one.",
        metavar="DIR",
        callback=on_this_machine,
    ),
]


def training_settings(size: str, device: str, **given: Any) -> ClipTraining:
    """Settings of a training.

    Args:
        size: WIDTHxHEIGHT.
        device: that it is to run on.
        given: the others, by their names in ClipTraining.

    Raises:
        UsageProblem: a value is invalid, or there is no such device.
    """
    from stages.train.settings import ClipTraining

    require_device(device)
    height, width = frame_size(size)
    try:
        return ClipTraining(height=height, width=width, **given)
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None


def frame_size(text: str) -> tuple[int, int]:
    """(height, width) of ``WIDTHxHEIGHT``.

    Raises:
        UsageProblem: it is something else.
    """
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise UsageProblem(f"invalid size {text!r}; expected WIDTHxHEIGHT, e.g. 448x256")
    return int(height), int(width)

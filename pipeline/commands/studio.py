"""``pointvos studio``: hints by mouse, masks to watch and to correct, on one page in the browser."""

from __future__ import annotations

import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from html import escape
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer

from pipeline.capacity.budget import with_one_worker
from pipeline.commands import options
from pipeline.commands.models import require_models
from pipeline.commands.review.options import HostOption, PortOption
from pipeline.config import RunConfig, load_config
from pipeline.kept_config import keep_config, load_kept_config
from pipeline.runs.folder import RunFolder
from pipeline.studio.messages import Refine, Track
from pipeline.studio.previewer import Previewer
from pipeline.studio.previous_results import restore_previous
from pipeline.studio.service import RunStudioService
from pipeline.studio.worker_process import StudioWorker
from pipeline.studio.workspace import HINTS, Workspace
from pipeline.terminal.console import UsageProblem, console
from schemas.wording import many
from stages.arithmetic import use_one_thread_an_operation
from stages.backends.segmenters import load_segmenter
from verification_ui.gate.access import LINK_HOURS, Access, Page
from verification_ui.gate.serving import link, page_open
from verification_ui.server.credentials import private_folder, write_private
from verification_ui.server.loopback import require_loopback
from verification_ui.server.server import ServerProblem, signals_as_exit
from verification_ui.studio.app import PERSON, Studio
from verification_ui.studio.events import Events

_SETTINGS = {
    "videos": "videos", "segmenter": "models.segmenter", "propagator": "models.propagator",
    "repair": "repair.enabled", "device": "compute.device",
}  # fmt: skip
"""Option → setting of the config."""


def studio(
    ctx: typer.Context,
    run: Annotated[
        RunFolder,
        typer.Option(
            parser=RunFolder.parse,
            metavar="DIR",
            help="The run folder: a new one, or one to continue; a path, s3://BUCKET/DIR or gs://BUCKET/DIR.",
        ),
    ],
    videos: Annotated[
        str | None,
        typer.Argument(help="A video file, a folder of videos or of frame folders, or a glob; the run's by default."),
    ] = None,
    segmenter: options.Segmenter = None,
    propagator: options.Propagator = None,
    repair: options.Repair = None,
    device: options.Device = None,
    config: options.ConfigFile = None,
    host: HostOption = None,
    port: PortOption = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in your browser.")] = True,
    at: Annotated[
        str | None, typer.Option("--open", help="Open this frame of this video first.", metavar="VIDEO:FRAME")
    ] = None,
) -> None:
    """Click on objects, watch and correct their masks, on one page in the browser.

    Hints are written to `DIR/hints.json` with every click, and are what `pointvos annotate` reads. The page is served
    on this machine only and opens with a link that works once. Stop with Ctrl-C; nothing is lost.

    For example:

    - `pointvos studio clips/ --run runs/first`
    - `pointvos studio --run runs/first --open clip_a:120`
    """
    resolved = _resolved(run, ctx.params)
    require_models([resolved.models.segmenter, resolved.models.propagator])
    Workspace.require_videos(resolved)  # before there is a folder
    run.create()
    with run.lock() as lock, run.tidied():
        workspace = Workspace.of(run, with_one_worker(resolved))
        first = _place(at, [file.video_id for file in workspace.files]) if at else ""
        keep_config(run, resolved)
        restore_previous(run)
        with signals_as_exit(), _open(workspace, lock) as service:
            _serve(service, host, port, browser, first)


def _place(at: str, known: list[str]) -> str:
    """What stands after the # of the page that shows a frame, given as VIDEO:FRAME.

    Raises:
        UsageProblem: it is malformed, or there is no such video.
    """
    video, _, frame = at.rpartition(":")
    if not video or not (frame.isascii() and frame.isdigit()):
        raise UsageProblem(f"invalid --open {at!r}; expected VIDEO:FRAME, e.g. {known[0]}:12")
    if video not in known:
        near = ", ".join(get_close_matches(video, known, 3) or known[:3])
        raise UsageProblem(f"no video {video!r} for --open; there are {len(known):,}, such as {near}")
    return urlencode({"video": video, "frame": int(frame)})


def _resolved(folder: RunFolder, parameters: dict[str, object]) -> RunConfig:
    """The config of the run if there is one, else that of the command line; options given count in both."""
    given = {setting: parameters[option] for option, setting in _SETTINGS.items()}
    if folder.config_file.is_file():
        return load_kept_config(folder, given)
    if parameters["videos"] is None:
        raise UsageProblem(f"{folder} is not a run folder yet; name the videos: pointvos studio VIDEOS --run DIR")
    hints = str(folder.path.absolute() / HINTS)
    own = {"localizations": hints, "format": "clicks", "coords": "pixel"}
    file = parameters["config"]
    return load_config(Path(str(file)) if file else None, {**given, **own})


@contextmanager
def _open(workspace: Workspace, lock: int) -> Iterator[RunStudioService]:
    console.print(f"{many(len(workspace.files), 'video')}; loading the models …")
    worker = StudioWorker(workspace.run, workspace.config, lock, lambda task, message: None)
    worker.warm_up()
    try:
        compute = workspace.config.compute
        previewer = Previewer(load_segmenter(workspace.config.models.segmenter, compute.device, compute.n_threads))
        use_one_thread_an_operation()
        yield RunStudioService(workspace, previewer, worker, Events())
    finally:
        worker.close()
        workspace.close()


def _serve(service: RunStudioService, host: str | None, port: int | None, browser: bool, at: str) -> None:
    try:
        folder = private_folder(service.workspace.run.local / "studio")
        access = Access(folder)
        if host is not None:
            require_loopback(host)
        page = access.page(host, port)
        with page_open(
            lambda now: Studio(now, access, service, service.events).application(), folder, page, console.print
        ) as now:
            _print_link(folder, now, access, browser, at)
            try:
                while True:
                    time.sleep(3600)
            finally:
                service.events.close()
    except (ServerProblem, ValueError) as problem:
        raise UsageProblem(str(problem)) from None
    except KeyboardInterrupt:
        console.print("Ended. Everything is kept; the same command continues.")
        if isinstance(task := service.worker.task, Track | Refine):
            console.print(
                f"Masks of {task.job.video_id} were not finished; start tracking again on the page.", markup=False
            )


def _print_link(folder: Path, page: Page, access: Access, browser: bool, at: str) -> None:
    """Say where the page is, and open it; secrets go to a terminal or into files that only their owner reads."""
    address = link(page, PERSON, access.make_link(PERSON), at)
    hours = f"works once, within {LINK_HOURS:.0f} hours"
    if not sys.stdout.isatty():
        write_private(folder / "link.txt", f"{address}\n")
        console.print(f"The studio is ready. Its link ({hours}) is in {folder / 'link.txt'}", soft_wrap=True)
        return
    console.print(f"The studio is ready. Open this link in a browser ({hours}):")
    console.print(address, soft_wrap=True, markup=False, style="bold")
    console.print("Stop with Ctrl-C.")
    if browser:
        leaf = folder / "open.html"  # a command line with the link in it could be read by others
        second = link(page, PERSON, access.make_link(PERSON), at)
        write_private(leaf, f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(second)}">\n')
        webbrowser.open(leaf.absolute().as_uri())

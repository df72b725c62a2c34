"""``pointvos review status``: how far the review is, from the server while it is up, else from the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import Run
from pipeline.commands.review.options import ExcludeOption, KeyOption, UrlOption
from pipeline.commands.review.pull import pull_all
from pipeline.commands.review.second_look import DESIGN, second_looks
from pipeline.commands.review.session import ReviewSession, connected, problems_named
from pipeline.commands.review.tables import show_flagged, show_progress
from pipeline.runs.flagged import flagged_frames
from pipeline.runs.verdicts import read_verdicts, require_annotators
from pipeline.terminal.console import console
from schemas import tables
from schemas.reviews import DESIGNS
from stages.consensus.progress import progress_of
from verification_ui.queue.client import LabelStudioClient
from verification_ui.server.server import running_server


def status(
    run: Run,
    url: UrlOption = None,
    api_key_file: KeyOption = None,
    exclude: ExcludeOption = None,
    every: Annotated[
        float | None, typer.Option("--every", min=1.0, help="Look again every so many seconds, until Ctrl-C.")
    ] = None,
) -> None:
    """Show what is done and left, who did how much and how fast, how long the rest takes, and agreement so far.

    A task is done when as many different people have answered it as `--overlap` asks for. While a server is up its
    latest answers are pulled first; without one the figures are those of the latest pull. Frames whose masks annotators
    found wrong are named with the command that opens the studio there.

    Example: `pointvos review status --run demo-run --every 60`
    """
    session = ReviewSession(run.require())
    with problems_named(), _server(session, url, api_key_file) as client, suppress(KeyboardInterrupt):
        _show(session, client, exclude or [])
        while every is not None:
            time.sleep(every)
            _show(session, client, exclude or [])


@contextmanager
def _server(session: ReviewSession, url: str | None, api_key_file: Path | None) -> Iterator[LabelStudioClient | None]:
    if url is None and api_key_file is None and running_server(session.folder) is None:
        console.print("No server is running; the figures are those of the latest pull.")
        yield None
        return
    with connected(session, url, api_key_file, console.print) as client:
        yield client


def _show(session: ReviewSession, client: LabelStudioClient | None, excluded: list[str]) -> None:
    if client is not None:
        pull_all(session, client, quiet=True)
    answers = read_verdicts(session.run)
    require_annotators({verdict.annotator for verdict in answers.given}, excluded)
    verdicts = [verdict for verdict in answers.given if verdict.annotator not in excluded]
    skips = tables.SKIPS.records(tables.SKIPS.read(session.run.path))
    hidden = {gold.candidate_id for gold in answers.golds}
    for design in DESIGNS:
        if tasks := session.tasks(design):
            n_people = session.notes(design).n_people
            show_progress(design, progress_of(tasks, n_people, verdicts, skips, datetime.now(UTC), hidden))
    if n_waiting := len(second_looks(session) - {name for t in session.tasks(DESIGN) for name in t.candidate_ids}):
        console.print(
            f"{n_waiting:,} answers contradict the proposal; queue them once more with: "
            f"pointvos review pull --run {session.run}"
        )
    show_flagged(str(session.run), flagged_frames(session.run, answers.deciding(excluded)))

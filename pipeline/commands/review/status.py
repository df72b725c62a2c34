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
from pipeline.commands.review.second_look import DESIGN, is_wanted
from pipeline.commands.review.session import ReviewSession, connected, problems_named
from pipeline.commands.review.tables import show_flagged, show_progress
from pipeline.runs.answer_parts import answer_parts
from pipeline.runs.flagged import FlagTally
from pipeline.runs.verdicts import require_annotators
from pipeline.terminal.console import console, quoted
from schemas import tables
from schemas.reviews import DESIGNS
from schemas.wording import many
from stages.consensus.progress import ProgressTally
from verification_ui.queue.client import LabelStudioClient
from verification_ui.server.server import running_server


def status(
    run: Run,
    url: UrlOption = None,
    api_key_file: KeyOption = None,
    exclude: ExcludeOption = None,
    every: Annotated[
        float | None, typer.Option("--every", min=1.0, help="Seconds between updates, until Ctrl-C.")
    ] = None,
) -> None:
    """Show the progress of the review: tasks done and left, work and pace of each annotator, time left, agreement.

    A task is done when as many different people have answered it as `--overlap` asks for. While a server is running,
    its latest answers are pulled first; otherwise the figures are those of the latest pull. Frames whose masks
    annotators found wrong are listed with the command that opens them in the studio.

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
    skips = tables.SKIPS.records(tables.SKIPS.read(session.run.path))
    hidden = frozenset(tables.GOLD.read(session.run.path, columns=["candidate_id"])["candidate_id"].to_pylist())
    tallies = {design: ProgressTally(session.task_keys(design), hidden) for design in DESIGNS}
    annotators, flags, doubtful = set[str](), FlagTally(), set[str]()
    with answer_parts(session.run) as parts:
        for part in parts:
            counted = [verdict for verdict in part.verdicts.given if verdict.annotator not in excluded]
            annotators |= {verdict.annotator for verdict in part.verdicts.given}
            for tally in tallies.values():
                tally.add(counted)
            flags.add(part.verdicts.deciding(excluded), part.asked)
            doubtful.update(part.verdicts.to_look_again({n: c.is_fg for n, c in part.asked.items()}, excluded))
    require_annotators(annotators, excluded)
    for design, tally in tallies.items():
        if tally.task_keys:
            show_progress(design, tally.progress(session.notes(design).n_people, skips, datetime.now(UTC)))
    if not any(tally.task_keys for tally in tallies.values()):
        console.print(f"Nothing was queued yet; queue it with: pointvos review up --run {quoted(session.run)}")
    if is_wanted(session):
        _show_second_looks(session, doubtful)
    show_flagged(str(session.run), flags.frames())


def _show_second_looks(session: ReviewSession, doubtful: set[str]) -> None:
    """How many answers against the proposal are not queued once more yet."""
    if n := len(doubtful.difference(name for task in session.tasks(DESIGN) for name in task.candidate_ids)):
        console.print(
            f"{many(n, 'answer')} against the proposal; to ask these questions once more: "
            f"pointvos review pull --run {quoted(session.run)}"
        )

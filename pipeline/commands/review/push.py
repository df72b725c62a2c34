"""Questions of a run into its queues."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import typer

from pipeline.commands.review.clips import add_clips
from pipeline.commands.review.session import ReviewSession
from pipeline.commands.review.tables import show_push
from pipeline.commands.review.upload import upload
from pipeline.runs.turns import one_at_a_time
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, console, show_rejects
from schemas import tables
from schemas.points import PointCandidate
from schemas.rejects import Reject
from schemas.reviews import ReviewTask
from verification_ui.page.label_config import guidelines, label_config
from verification_ui.page.media_paths import QUEUE
from verification_ui.page.tabs import hide_markup
from verification_ui.page.tasks import build_tasks
from verification_ui.queue.client import LabelStudioClient, LabelStudioQueue
from verification_ui.queue.push import push, take_back
from verification_ui.queue.retry import patiently
from verification_ui.queue.storages import serve
from verification_ui.server.server import refuse_links


def push_design(
    session: ReviewSession,
    client: LabelStudioClient,
    design: str,
    candidates: Sequence[PointCandidate],
    overlap: int | None = None,
    again: Sequence[ReviewTask] = (),
) -> list[Reject]:
    """Draw what is not drawn, queue what is not queued; the tasks that cannot be shown.

    Args:
        session: the run.
        client: its server, or another.
        design: the review design.
        candidates: what to ask about.
        overlap: how many people answer each task, None to leave it as it is.
        again: tasks to ask once more.

    Raises:
        UsageProblem: there is nothing to ask.
    """
    require_questions(session, design, [*candidates, *again])
    tasks = [*build_tasks(candidates, design), *again]
    with one_at_a_time(session.run, "push"):
        with bar("drawing crops", len(tasks)) as advance:
            rejects = list(session.maker.make(tasks, advance))
        rejected = {reject.key for reject in rejects}
        shown = [task for task in tasks if task.task_key not in rejected]
        add_clips(session, shown)
        refuse_links(session.media)
        _upload(session)
        queue = patiently(lambda: _opened(session, client, design, shown, overlap))
        n_taken_back = patiently(lambda: take_back(queue, [task.task_key for task in session.outdated(design)]))
        payloads = map(session.place.shown_here, session.payloads(shown))
        mark = session.folder / f"pushing-{design}"
        with bar("queueing tasks", len(shown)) as advance, marked(mark) as was_cut_off:
            pushed = push(queue, payloads, advance, was_cut_off=was_cut_off)
    held_back = session.held_back() if design != "adjudication" else []
    show_push(session.title(design), shown, replace(pushed, n_taken_back=n_taken_back), rejects, held_back)
    return rejects


def require_questions(session: ReviewSession, design: str, asked: Sequence[PointCandidate | ReviewTask]) -> None:
    """Raise UsageProblem when there is nothing to ask; call it before a server is started."""
    if not asked:
        run = session.run.path
        if not session.candidates:
            advice = f"make some with: pointvos annotate VIDEOS … --run {run}"
            raise UsageProblem(f"nothing to verify: {run} has no candidates; {advice}")
        if design == "adjudication":
            raise UsageProblem(
                f"nothing to verify in {run}: annotators agree on all candidates, or every conflict is adjudicated"
            )
        held_back = ", ".join(f"{what} ({count})" for what, count in session.held_back())
        raise UsageProblem(f"nothing to verify in {run}: {held_back}; see the masks with: pointvos report --run {run}")


def leave(session: ReviewSession, rejects: list[Reject]) -> None:
    """Write down what could not be shown, or that everything could.

    Raises:
        typer.Exit: with the code for rejected input.
    """
    file = session.run.table_file(tables.REJECTS, "review")
    if rejects:
        tables.REJECTS.write(file, rejects, session.run.metadata())
        show_rejects(rejects, f"all of them: {file}")
        raise typer.Exit(REJECTED)
    file.unlink(missing_ok=True)


def _opened(
    session: ReviewSession, client: LabelStudioClient, design: str, shown: list[ReviewTask], overlap: int | None
) -> LabelStudioQueue:
    """The project, ready for tasks; our own ledger knows of them before the server does."""
    title = session.title(design)
    known = client.find_queue(title)
    n_people = overlap or (known.people() if known else session.notes(design).n_people)
    queue = client.open_queue(title, label_config(design), guidelines(design))
    if queue.ask_with(label_config(design), guidelines(design)):
        console.print("The queue was made by another version of pointvos; it now shows the page of this version.")
    hide_markup(queue)
    queue.ask_people(n_people)
    session.write_tasks(design, shown, n_people=n_people)
    serve(queue, session.place, session.media / QUEUE)
    return queue


def _upload(session: ReviewSession) -> None:
    files = [path for path in sorted((session.media / QUEUE).rglob("*")) if path.is_file() and path.suffix != ".tmp"]
    with bar("copying pictures", len(files)) as advance:
        upload(session.place, session.media, files, advance)


@contextmanager
def marked(mark: Path) -> Iterator[bool]:
    """A file that stands while a queue is pushed: True when it was there, left by a push that was cut off."""
    was_cut_off = mark.exists()
    mark.touch(mode=0o600)
    yield was_cut_off
    mark.unlink()

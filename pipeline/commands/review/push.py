"""Questions of a run into its queues."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import typer

from pipeline.commands.review.planning import PlannedPush, ReviewCache
from pipeline.commands.review.session import ReviewSession
from pipeline.commands.review.tables import show_push
from pipeline.commands.review.upload import is_uploaded, upload
from pipeline.runs.turns import one_at_a_time
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, console, show_problems, show_rejects
from schemas import tables
from schemas.rejects import Reject
from verification_ui.page.label_config import guidelines, label_config
from verification_ui.page.media_paths import QUEUE
from verification_ui.page.tabs import hide_markup
from verification_ui.queue.client import LabelStudioClient, LabelStudioQueue
from verification_ui.queue.push import push, take_back
from verification_ui.queue.retry import with_retries
from verification_ui.queue.storages import serve
from verification_ui.server.server import refuse_links


def push_design(planned: PlannedPush, client: LabelStudioClient, overlap: int | None = None) -> list[Reject]:
    """Draw what is not drawn, queue what is not queued; the tasks that cannot be shown.

    Args:
        planned: what is asked.
        client: the run's server, or another.
        overlap: how many people answer each task, None to leave it as it is.

    Raises:
        UsageProblem: there is nothing to ask.
    """
    planned.require_tasks()
    session, design = planned.session, planned.plan.selection.design
    with one_at_a_time(session.run, "push"):
        drawn = planned.draw()
        rejects = [reject for found in drawn for reject in found.rejects]
        problems = [problem for found in drawn for problem in found.problems]
        show_problems("No clips, because the video cannot be read:", problems)
        rejected = frozenset(reject.key for reject in rejects)
        refuse_links(session.media)
        copy_pictures(session)
        cache = ReviewCache(session, planned.ranges)
        queue, outdated = with_retries(lambda: _opened(planned, rejected, client, overlap, cache))
        n_taken_back = with_retries(lambda: take_back(queue, outdated))
        payloads = (cache.get(task.video_id).payload(task) for task in planned.tasks(rejected))
        mark = session.folder / f"pushing-{design}"
        with bar("queueing tasks", planned.n_tasks - len(rejects)) as advance, marked(mark) as was_cut_off:
            pushed = push(queue, map(session.place.shown_here, payloads), advance, was_cut_off=was_cut_off)
    held_back = planned.held_back() if planned.plan.selection.chosen is None else []
    counts = (planned.n_tasks - len(rejects), planned.n_points - sum(found.n_lost_points for found in drawn))
    show_push(session.title(design), counts, replace(pushed, n_taken_back=n_taken_back), rejects, held_back)
    return rejects


def exit_with_rejects(session: ReviewSession, rejects: list[Reject]) -> None:
    """Write down what could not be shown, or that everything could.

    Raises:
        typer.Exit: with the code for rejected input.
    """
    keep_rejects(session, rejects)
    if rejects:
        raise typer.Exit(REJECTED)


def keep_rejects(session: ReviewSession, rejects: list[Reject], stem: str = "review") -> None:
    """Write down what could not be shown, or that everything could, in the file with this stem in ``rejects/``."""
    file = session.run.table_file(tables.REJECTS, stem)
    if not rejects:
        file.unlink(missing_ok=True)
        return
    tables.REJECTS.write(file, rejects, session.run.metadata())
    show_rejects(rejects, f"full list: {file}")


def _opened(
    planned: PlannedPush, rejected: frozenset[str], client: LabelStudioClient, overlap: int | None, cache: ReviewCache
) -> tuple[LabelStudioQueue, list[str]]:
    """The project, ready for tasks, and the keys of tasks of earlier pushes whose videos were annotated again.

    Our own ledger knows of the tasks before the server does.
    """
    session, design = planned.session, planned.plan.selection.design
    queue, n_people = open_project(session, client, design, overlap)
    tasks = planned.tasks(rejected)
    return queue, session.write_tasks(design, tasks, lambda task: not cache.has_all_of(task), n_people=n_people)


def open_project(
    session: ReviewSession, client: LabelStudioClient, design: str, overlap: int | None = None
) -> tuple[LabelStudioQueue, int]:
    """The project of one design, made where there is none and ready for tasks; how many people answer each task."""
    title = session.title(design)
    known = client.find_queue(title)
    n_people = overlap or (known.people() if known else session.notes(design).n_people)
    queue = client.open_queue(title, label_config(design), guidelines(design))
    if queue.ask_with(label_config(design), guidelines(design)):
        console.print("The queue was made by another version of pointvos; it now shows the page of this version.")
    hide_markup(queue)
    queue.ask_people(n_people)
    serve(queue, session.place, session.media / QUEUE)
    return queue, n_people


def copy_pictures(session: ReviewSession) -> None:
    """Copy the pictures of a queue to where they are shown, unless they are shown from this machine."""
    if not is_uploaded(session.place):
        return
    folders = [path for path in sorted((session.media / QUEUE).iterdir()) if path.is_dir()]
    with bar("copying pictures", sum(len(_pictures(folder)) for folder in folders)) as advance:
        for folder in folders:
            upload(session.place, session.media, _pictures(folder), advance)


def _pictures(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix != ".tmp"]


@contextmanager
def marked(mark: Path) -> Iterator[bool]:
    """A file that stands while a queue is pushed: True when it was there, left by a push that was cut off."""
    was_cut_off = mark.exists()
    mark.touch(mode=0o600)
    yield was_cut_off
    mark.unlink()

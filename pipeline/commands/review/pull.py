"""Answers of a run's projects into its ledgers."""

from __future__ import annotations

from pipeline.commands.review.session import ReviewSession
from pipeline.commands.review.tables import show_pull
from pipeline.runs.asked_tasks import partition_tasks
from pipeline.runs.turns import one_at_a_time
from pipeline.terminal.console import console, quoted
from schemas.reviews import DESIGNS
from verification_ui.queue.asked_tasks import AskedTasks
from verification_ui.queue.client import LabelStudioClient
from verification_ui.queue.ledger import Ledger
from verification_ui.queue.pull import pull as pull_answers


def pull_all(session: ReviewSession, client: LabelStudioClient, quiet: bool = False) -> int:
    """Pull the answers of every design that was pushed; a project that is gone is named and its ledger kept.

    One command after the other: each reads the ledger, then replaces it.

    Returns:
        How many tasks have other verdicts than before.
    """
    n_changed = 0
    with one_at_a_time(session.run, "pull", is_told=not quiet):
        for design in DESIGNS:
            with partition_tasks(session.run, session.task_files(design)) as tasks:
                if tasks.has_any():
                    n_changed += _pull_design(session, client, design, tasks, quiet)
    return n_changed


def _pull_design(session: ReviewSession, client: LabelStudioClient, design: str, tasks: AskedTasks, quiet: bool) -> int:
    queue = client.find_queue(session.title(design))
    if queue is None:
        console.print(
            f"Project {session.title(design)!r} is not on {client.url}; the verdicts pulled before are kept. "
            f"Recreate the queue with: pointvos review push --run {quoted(session.run)} --design {design}"
        )
        return 0
    ledger = Ledger.of_project(session.run.path, queue.identity)
    pulled = pull_answers(queue, ledger, tasks, session.run.metadata())
    session.write_notes(design, n_people=queue.people())
    if not quiet:
        show_pull(session.title(design), pulled)
    return pulled.n_changed

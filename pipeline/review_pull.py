"""Answers of a run's projects into its ledgers."""

from __future__ import annotations

from dataclasses import replace

from pipeline.console import console
from pipeline.review_session import ReviewSession
from pipeline.review_tables import show_pull
from schemas.reviews import DESIGNS, ReviewTask
from verification_ui.client import LabelStudioClient, LabelStudioQueue
from verification_ui.ledger import Ledger
from verification_ui.pull import Pulled
from verification_ui.pull import pull as pull_answers


def pull_all(session: ReviewSession, client: LabelStudioClient, quiet: bool = False) -> None:
    """Pull the answers of every design that was pushed; a project that is gone is named and its ledger kept."""
    for design in DESIGNS:
        tasks = {task.task_key: task for task in session.tasks(design)}
        if not tasks:
            continue
        queue = client.find_queue(session.title(design))
        if queue is None:
            console.print(
                f"Project {session.title(design)!r} is not on {client.url}; the verdicts pulled before are kept. "
                "Make the queue again with: pointvos review push"
            )
            continue
        pulled = _pull_queue(session, queue, tasks)
        session.write_notes(design, replace(session.notes(design), n_people=queue.people()))
        if not quiet:
            show_pull(session.title(design), pulled)


def _pull_queue(session: ReviewSession, queue: LabelStudioQueue, tasks: dict[str, ReviewTask]) -> Pulled:
    ledger = Ledger.of_project(session.run.path, queue.identity)
    return pull_answers(queue, ledger, tasks, session.candidates, session.run.metadata())

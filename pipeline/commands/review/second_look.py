"""Second looks: what one person answered against the proposal is queued once more."""

from __future__ import annotations

import time
from contextlib import suppress

from pipeline.commands.review.planning import doubtful_of, planned
from pipeline.commands.review.pull import pull_all
from pipeline.commands.review.push import keep_rejects, push_design
from pipeline.commands.review.session import ReviewSession
from pipeline.terminal.console import WorkProblem, console, quoted
from schemas.reviews import DESIGNS
from schemas.wording import many
from verification_ui.queue.client import LabelStudioClient
from verification_ui.queue.plan import Selection
from verification_ui.queue.review_queue import QueueProblem
from verification_ui.server.server import Server

DESIGN = "second_look"
EVERY_S = 30.0
"""Between two pulls while people answer: nobody should look again at what is still on the screen."""


def want(session: ReviewSession, told: bool | None) -> None:
    """Note whether second looks are asked; None leaves it as it is."""
    if told is not None:
        session.write_notes(DESIGN, is_wanted=told)


def is_wanted(session: ReviewSession) -> bool:
    """Whether second looks are asked: as the operator said; else where one person answers each task."""
    told = session.notes(DESIGN).is_wanted
    return all(session.notes(one).n_people == 1 for one in DESIGNS if one != DESIGN) if told is None else told


def second_looks(session: ReviewSession) -> frozenset[str]:
    """Ids of the candidates to look at again: none unless wanted."""
    return (doubtful_of(session, DESIGN) if is_wanted(session) else None) or frozenset()


def queue_second_looks(session: ReviewSession, client: LabelStudioClient) -> None:
    """Queue the second looks that the answers pulled so far call for; a question that is there stays as it is."""
    chosen = second_looks(session)
    if not chosen or _are_queued(session, client, chosen):
        return
    with planned(session, Selection(DESIGN, chosen=chosen)) as push_plan:
        keep_rejects(session, push_design(push_plan, client), f"review-{DESIGN}")  # those of the push stay


def queue_while_open(session: ReviewSession, client: LabelStudioClient, server: Server) -> None:
    """Until Ctrl-C: pull what people answer, and queue second looks.

    Raises:
        WorkProblem: the server ended by itself.
    """
    is_due = False
    with suppress(KeyboardInterrupt):
        while _runs(server, EVERY_S):
            with suppress(QueueProblem):  # the server is busy: the next round tries again, the last pull says why
                is_due = bool(pull_all(session, client, quiet=True)) or is_due
                if is_due:
                    queue_second_looks(session, client)
                    is_due = False
        raise WorkProblem(
            f"Label Studio stopped unexpectedly; its log is {session.folder}/server.log. "
            "Answers are kept: start it again"
        )


def show_second_looks(session: ReviewSession) -> None:
    """Name what is to be looked at again, once the server is down."""
    if n_left := len(second_looks(session)):
        console.print(
            f"{many(n_left, 'answer')} against the proposal; each is asked once more by: "
            f"pointvos review up --run {quoted(session.run)}"
        )


def _are_queued(session: ReviewSession, client: LabelStudioClient, chosen: frozenset[str]) -> bool:
    """Whether each candidate has a task that the server has too."""
    tasks = [task for task in session.tasks(DESIGN) if chosen.issuperset(task.candidate_ids)]
    if not chosen.issubset(name for task in tasks for name in task.candidate_ids):
        return False
    queue = client.find_queue(session.title(DESIGN))
    return queue is not None and queue.count([task.task_key for task in tasks]) >= len(tasks)


def _runs(server: Server, seconds: float) -> bool:
    """Whether the server still runs after so many seconds."""
    until = time.monotonic() + seconds
    while server.process is not None and server.process.poll() is None:
        if time.monotonic() >= until:
            return True
        time.sleep(0.5)
    return False

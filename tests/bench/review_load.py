"""A queue under load: three annotators at the page and two pulls in a loop for a minute, then a push again.

The annotators call the gate as the page does, one question after the other without a pause. Every tenth answer is
changed afterwards. What the ledger holds in the end is compared with what the page acknowledged.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from pipeline.commands.review.pull import pull_all
from pipeline.commands.review.session import ReviewSession, client_of
from pipeline.runs.commit import write_unit
from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from schemas import tables
from schemas.points import PointCandidate
from schemas.reviews import ReviewTask
from schemas.videos import Video
from tests.bench.commands import timed
from tests.bench.pages import table
from tests.verification_ui.gate.conftest import entered
from verification_ui.gate.access import Access, Page
from verification_ui.gate.serving import gate_open, link
from verification_ui.page.label_config import guidelines, label_config
from verification_ui.page.tabs import hide_markup
from verification_ui.page.tasks import build_tasks
from verification_ui.queue.push import Pushed, push
from verification_ui.server.accounts import add_account
from verification_ui.server.server import Server, started

N_TASKS, N_POINTS, LOAD_S = 2_000, 20, 60.0
DESIGN = "contact_sheet"
PEOPLE = ("al@example.org", "bo@example.org", "cy@example.org")
_VIDEO = Video("load", "x.mp4", N_TASKS, 480, 854, 25.0, 1.0, "h264", 0, N_TASKS, unit="0123", times_s=(0.0,) * N_TASKS)


@dataclass
class Annotator:
    """Somebody who answers as fast as the server allows.

    Attributes:
        email: by which verdicts name them.
        http: the page's connection.
        meant: candidates called wrong, by the key of every task whose answer was acknowledged.
        seconds: of every call, by what it was.
    """

    email: str
    http: httpx.Client
    meant: dict[str, frozenset[str]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"next task": [], "answer": []})

    def work(self, project: int, until: float) -> None:
        """Answer until it is that late."""
        for n in count():
            if time.monotonic() >= until:
                return
            task = self._call("next task", "POST", f"/api/dm/actions?id=next_task&project={project}", {})
            key, ids = task["data"]["task_key"], [point["value"] for point in task["data"]["points"]]
            path = f"/api/tasks/{task['id']}/annotations?project={project}"
            wrong = frozenset(ids[(n + len(self.email)) % 3 :: 6])
            made = self._call("answer", "POST", path, _answer(wrong))
            self.meant[key] = wrong
            if n % 10 == 9:
                other = frozenset(ids[n % 5 :: 7])
                self._call("answer", "PATCH", f"/api/annotations/{made['id']}?project={project}", _answer(other))
                self.meant[key] = other

    def _call(self, kind: str, method: str, path: str, body: Any) -> Any:
        start = time.monotonic()
        reply = self.http.request(method, path, json=body)
        self.seconds[kind].append(time.monotonic() - start)
        if reply.is_error:
            raise RuntimeError(f"{method} {path}: HTTP {reply.status_code} {reply.text[:300]}")
        return reply.json()


def _answer(wrong: frozenset[str]) -> dict[str, Any]:
    marks = {"from_name": "wrong", "to_name": "question", "type": "choices", "value": {"choices": sorted(wrong)}}
    return {"result": [marks] if wrong else [], "lead_time": 3.0}


def measure(work: Path, n_tasks: int = N_TASKS, load_s: float = LOAD_S) -> dict[str, Any]:
    """Answers acknowledged, pulled, lost and doubled, and how long calls took, on a private server in ``work``."""
    session = _run(work / "run", n_tasks)
    tasks = build_tasks(session.candidates.values(), DESIGN)
    session.write_tasks(DESIGN, tasks, n_people=len(PEOPLE))
    with ExitStack() as until_the_end:
        server = until_the_end.enter_context(started(session.folder, session.media))
        page = until_the_end.enter_context(gate_open(server, session.shown, Access(session.folder).page(port=0)))
        push_s, (project, _) = timed(_push, session, server, tasks)
        people = [_entered(until_the_end, session, server, page, email) for email in PEOPLE]
        n_pulls = _load(session, server, people, project, load_s)
        _pull(session, server)
        again_s, (_, pushed) = timed(_push, session, server, tasks)
        _pull(session, server)
    facts = {"tasks": n_tasks, "points a task": N_POINTS, "push s": push_s, "push again s": again_s}
    return facts | {"pulls meanwhile": n_pulls} | _compared(session, people, pushed, load_s)


def _run(path: Path, n_tasks: int) -> ReviewSession:
    """A run of which the pictures were not kept."""
    path.mkdir()
    (path / "run.yaml").write_text("run_id: load0000run1\nconfig_hash: c0ffee\n", encoding="utf-8")
    write_unit(
        RunFolder(path),
        unit_name(_VIDEO.video_id, _VIDEO.unit),
        [(tables.CANDIDATES, list(_candidates(n_tasks))), (tables.VIDEOS, [_VIDEO])],
    )
    return ReviewSession(RunFolder(path))


def _candidates(n_tasks: int) -> Iterator[PointCandidate]:
    for frame in range(n_tasks):
        for i in range(N_POINTS):
            place = (30 * i + 20, 20 * i + 20, i % 2 == 0, "interior", 0.1, 4.0, 0.5, 0, 0)
            yield PointCandidate(f"{frame:04}-{i:02}", "load", "1", frame, *place)


def _push(session: ReviewSession, server: Server, tasks: list[ReviewTask]) -> tuple[int, Pushed]:
    with client_of(server) as client:
        queue = client.open_queue(session.title(DESIGN), label_config(DESIGN), guidelines(DESIGN))
        hide_markup(queue)
        queue.ask_people(len(PEOPLE))
        return queue.project_id, push(queue, session.payloads(tasks))


def _entered(stack: ExitStack, session: ReviewSession, server: Server, page: Page, email: str) -> Annotator:
    with client_of(server) as client:
        add_account(client, session.folder, email)
    http = entered(link(page, email, Access(session.folder).make_link(email)))
    return Annotator(email, stack.enter_context(closing(http)))


def _load(session: ReviewSession, server: Server, people: list[Annotator], project: int, load_s: float) -> int:
    """Work and pull at the same time; how many pulls there were."""
    is_over, n_pulls = threading.Event(), count()

    def pull_on() -> None:
        while not is_over.is_set():
            _pull(session, server)
            next(n_pulls)

    with ThreadPoolExecutor() as pool:
        pulls = [pool.submit(pull_on) for _ in range(2)]
        until = time.monotonic() + load_s
        working = [pool.submit(person.work, project, until) for person in people]
        try:
            for done in working:
                done.result()
        finally:
            is_over.set()
        for loop in pulls:
            loop.result()
    return next(n_pulls)


def _pull(session: ReviewSession, server: Server) -> None:
    with client_of(server) as client:
        pull_all(ReviewSession(session.run), client, quiet=True)


def _compared(session: ReviewSession, people: list[Annotator], pushed: Pushed, load_s: float) -> dict[str, Any]:
    found = tables.VERDICTS.records(tables.VERDICTS.read(session.run.path))
    given = Counter((v.annotator, v.candidate_id) for v in found)
    statuses = {(v.annotator, v.candidate_id): v.status for v in found}
    tasks = {task.task_key: task for task in session.tasks(DESIGN)}
    meant = {
        (person.email, name): "ACCEPTED" if claim != (name in wrong) else "REJECTED"
        for person in people
        for key, wrong in person.meant.items()
        for name in tasks[key].candidate_ids
        for claim in [session.candidates[name].is_fg_candidate]
    }
    n_answers = sum(len(person.meant) for person in people)
    return {
        "answers acknowledged": n_answers,
        "answers a second": n_answers / load_s,
        "points lost": len(meant.keys() - statuses.keys()),
        "points that nobody answered": len(statuses.keys() - meant.keys()),
        "points other than meant": sum(statuses.get(key, status) != status for key, status in meant.items()),
        "points doubled": sum(n > 1 for n in given.values()),
        "tasks added by the push again": pushed.n_added,
        "tasks doubled": pushed.n_doubles_removed,
        **{
            f"median s, {kind}": median([s for p in people for s in p.seconds[kind]])
            for kind in ("next task", "answer")
        },
    }


def page(results: dict[str, Any]) -> str:
    """What was done, and what of it was lost: nothing."""
    rows = [[what, value] for what, value in results.items()]
    return "## A queue under load: three annotators and two pull loops for a minute\n\n" + table(["what", ""], rows)

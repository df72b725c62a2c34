"""Key presses, seconds and kilobytes a point of the three designs: a scripted person in a real browser, a real server.

The person knows the truth, which is planted: one claim in six is wrong, one candidate in thirty nobody can tell.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pipeline.commands.review.links import ANNOTATOR
from pipeline.commands.review.session import ReviewSession, client_of
from pipeline.demo.__main__ import CLICKS, clips
from pipeline.runs.folder import RunFolder
from schemas import tables
from tests.bench.commands import pointvos
from tests.bench.pages import table
from tests.verification_ui.person import Person, chromium
from tests.verification_ui.planted import Plan
from verification_ui.gate.access import Access
from verification_ui.gate.serving import gate_open, link
from verification_ui.page.hotkeys import ANSWER_KEYS
from verification_ui.server.accounts import add_account
from verification_ui.server.server import Server, started

N_TASKS = {"contact_sheet": 20, "frame": 20, "single": 60}
_ORACLE = "oracle"
_KEY_OF = dict(zip(("ACCEPTED", "REJECTED", "AMBIGUOUS"), ANSWER_KEYS.values(), strict=True))


def measure(work: Path) -> dict[str, Any]:
    """What each design costs, on the demo's larger clip."""
    run, note = work / "run", work / "note"
    clicks = work / "clicks.json"
    clicks.write_text(json.dumps({"bikes": json.loads(CLICKS.read_text())["bikes"]}))
    models = ("--segmenter", "embedded_fast", "--propagator", "embedded_fast")
    pointvos("annotate", clips() / "bikes.mp4", "--localizations", clicks, "--run", run, *models, note=note)
    session = ReviewSession(RunFolder(run))
    results: dict[str, Any] = {}
    with ExitStack() as until_the_end:
        server = until_the_end.enter_context(started(session.folder, session.media))
        access = Access(session.folder)
        page = until_the_end.enter_context(gate_open(server, session.shown, access.page(port=0)))
        with client_of(server) as client:
            add_account(client, session.folder, ANNOTATOR)
        browser = until_the_end.enter_context(chromium())
        person = Person(browser, link(page, ANNOTATOR, access.make_link(ANNOTATOR)), ANNOTATOR)
        for design in N_TASKS:
            pointvos("review", "push", "--run", run, "--design", design, note=note)
            results[design] = _answered(session, server, person, design) | _kilobytes(session, design)
        pointvos("review", "pull", "--run", run, note=note)
    for design, result in results.items():
        result["answers as meant"] = _as_meant(session, design)
    return results


def _answered(session: ReviewSession, server: Server, person: Person, design: str) -> dict[str, float]:
    """Answer the first tasks of a queue; cost by point."""
    with client_of(server) as client:
        queue = client.find_queue(session.title(design))
    assert queue is not None
    plan = _plan(session, design)
    person.open(queue.project_id, design)
    n_keys, start = person.n_keys, time.monotonic()
    for place, task in enumerate(plan.tasks):
        person.wait_for(task.task_key, design)
        person.press(*_keys(plan, place, design))
        person.submit()
    seconds = time.monotonic() - start
    n_points = sum(len(task.candidate_ids) for task in plan.tasks)
    return {
        "points": n_points,
        "keys a point": (person.n_keys - n_keys) / n_points,
        "seconds a point": seconds / n_points,
    }


def _plan(session: ReviewSession, design: str) -> Plan:
    return Plan(session.tasks(design)[: N_TASKS[design]], session.candidates, {_ORACLE: 0.0})


def _keys(plan: Plan, place: int, design: str) -> list[str]:
    if design == "contact_sheet":
        return plan.keys(_ORACLE, place)
    answers = plan.answers(_ORACLE, place).values()
    if design == "single":
        return [_KEY_OF[answer] for answer in answers]
    changed = [_KEY_OF[a] if a != plan.claim(place, tile) else "" for tile, a in enumerate(answers)]
    return list(_one_by_one(changed))


def _one_by_one(changed: list[str]) -> Iterator[str]:
    """Space selects the next point, up to the last one that is to change."""
    last = max((i for i, key in enumerate(changed) if key), default=-1)
    for key in changed[: last + 1]:
        yield "Space"
        if key:
            yield key


def _kilobytes(session: ReviewSession, design: str) -> dict[str, float]:
    """Of the pictures of a task on average, those it shares counted once; and of the clip of a frame."""
    tasks = session.tasks(design)
    names = [session.maker.names(task) for task in tasks]
    pictures = {name for found in names for name in found.pictures}
    films = {found.clip for found in names}
    sizes = {name: (session.media / name).stat().st_size / 1000 for name in (*pictures, *films)}
    return {
        "kB of pictures a task": sum(sizes[name] for name in pictures) / len(tasks),
        "kB a clip": sum(sizes[name] for name in films) / len(films),
    }


def _as_meant(session: ReviewSession, design: str) -> str:
    plan = _plan(session, design)
    found = {
        (v.task_key, v.candidate_id): v.status for v in tables.VERDICTS.records(tables.VERDICTS.read(session.run.path))
    }
    meant = {
        (task.task_key, name): status
        for place, task in enumerate(plan.tasks)
        for name, status in plan.answers(_ORACLE, place).items()
    }
    return f"{sum(found.get(key) == status for key, status in meant.items())} of {len(meant)}"


def page(results: dict[str, Any]) -> str:
    """One column a design."""
    rows = [[what, *(result[what] for result in results.values())] for what in next(iter(results.values()))]
    return (
        "## Review designs: a scripted person in a real browser, 1 claim in 6 wrong, 1 candidate in 30 unsure\n\n"
        + table(["", *results], rows)
        + "\nEvery key is followed by 70 ms and every page by 250 ms of rest; a person thinks besides.\n"
    )

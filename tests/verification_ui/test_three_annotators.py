"""Three people with known error rates verify a real clip in real browsers; everything they meant comes out.

One deletes an answer, one changes one, one skips a task, and the server is restarted in the middle. The screenshots of
the docs are made on the way: ``POINTVOS_SCREENSHOTS=verification_ui/images`` says where to.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.commands.review.session import ReviewSession
from pipeline.demo.__main__ import CLICKS, clips
from pipeline.runs.folder import RunFolder
from pipeline.runs.verdicts import read_verdicts
from schemas import tables
from stages.consensus.audit import audit
from tests.verification_ui.person import Person
from tests.verification_ui.planted import OPPOSITE, Plan
from verification_ui.gate.access import Access, Page
from verification_ui.gate.serving import gate_open, link
from verification_ui.page.hotkeys import CANDIDATE_KEYS
from verification_ui.queue.client import LabelStudioClient
from verification_ui.server.accounts import add_account
from verification_ui.server.server import Server, ServerProblem, find_executable, started

pytestmark = [pytest.mark.labelstudio, pytest.mark.browser, pytest.mark.slow]

RATES = {"al@example.org": 0.04, "bo@example.org": 0.10, "cy@example.org": 0.20}
N_TASKS = 30


def pointvos(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@dataclass
class Crew:
    """The three, what they have meant so far, and the pictures taken of their work."""

    plan: Plan
    people: list[Person]
    project_id: int
    pictures: Path
    meant: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    skipped: set[tuple[str, int]] = field(default_factory=set)
    server_ids: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = {task.task_key: i for i, task in enumerate(self.plan.tasks)}

    def work(self, until: int) -> None:
        """Each answers, in turn, until all have seen so many tasks; bo skips what is eighth in the queue."""
        for person in self.people:
            person.open(self.project_id, "contact_sheet")
        n_seen = Counter(who for who, _ in (*self.meant, *self.skipped))
        for _ in range(n_seen[self.people[0].email], until):
            for person in self.people:
                self._one(person, is_last=n_seen[person.email] == until - 1)
                n_seen[person.email] += 1

    def _one(self, person: Person, is_last: bool) -> None:
        task_id, key = person.asked()
        task = self.place[key]
        self.server_ids[task] = task_id
        if (person.email, task) == ("bo@example.org", 7):
            person.skip()
            self.skipped.add((person.email, task))
        else:
            assert (person.email, task) not in self.meant
            if (person.email, task) == ("al@example.org", 1):
                self._photograph(person)
            person.press(*self.plan.keys(person.email, task))
            self.meant[person.email, task] = self.plan.answers(person.email, task)
            person.submit()
        if not is_last:
            person.next("contact_sheet", task_id)

    def _photograph(self, person: Person) -> None:
        """What the docs show of the sheet: two marks and the clip, all taken back."""
        marks = ("3", "Shift+T")
        person.press(*marks)
        self.picture(person, "contact_sheet")
        person.press("v")
        person.page.wait_for_function("() => document.querySelector('video')?.currentTime > 0.3")
        self.picture(person, "clip")
        person.press("v", *marks)

    def delete(self, person: Person, task: int) -> None:
        person.reopen(self.project_id, self.server_ids[task], "contact_sheet")
        person.delete()
        del self.meant[person.email, task]

    def change(self, person: Person, task: int, tile: int) -> None:
        """Another opinion of one tile that is not unsure."""
        person.reopen(self.project_id, self.server_ids[task], "contact_sheet")
        person.press(CANDIDATE_KEYS[tile])
        person.update()
        name = self.plan.tasks[task].candidate_ids[tile]
        self.meant[person.email, task][name] = OPPOSITE[self.meant[person.email, task][name]]

    def picture(self, person: Person, name: str) -> None:
        """A screenshot of few colours: small enough to be part of the docs."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        file = self.pictures / f"{name}.png"
        person.pictures_are_loaded()
        person.page.screenshot(path=str(file))
        palette = Image.open(file).convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        palette.save(file, optimize=True)
        assert file.stat().st_size < 300_000

    def majority(self) -> dict[str, str]:
        """What the answers come to by candidate: the most frequent one, AMBIGUOUS when two are."""
        votes: dict[str, Counter[str]] = {}
        for answers in self.meant.values():
            for name, status in answers.items():
                votes.setdefault(name, Counter())[status] += 1
        top = {name: count.most_common(2) for name, count in votes.items()}
        return {n: "AMBIGUOUS" if len(t) == 2 and t[0][1] == t[1][1] else t[0][0] for n, t in top.items()}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real clip, annotated."""
    try:
        find_executable()
    except ServerProblem as problem:
        pytest.skip(str(problem))
    path = tmp_path_factory.mktemp("three") / "run"
    clicks = path.with_name("clicks.json")
    clicks.write_text(json.dumps({"bikes": json.loads(CLICKS.read_text())["bikes"]}))
    models = ("--segmenter", "embedded_fast", "--propagator", "embedded_fast")
    pointvos("annotate", clips() / "bikes.mp4", "--localizations", clicks, "--run", path, *models)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(os.environ.get("POINTVOS_SCREENSHOTS") or tmp_path_factory.mktemp("pictures")).resolve()


@contextmanager
def served(run: Path) -> Iterator[tuple[Server, Page]]:
    session = ReviewSession(RunFolder(run))
    with (
        started(session.folder, session.media) as server,
        gate_open(server, session.shown, Access(session.folder).page()) as page,
    ):
        yield server, page


def queue_of(run: Path, server: Server, design: str) -> int:
    with LabelStudioClient(server.url, server.credentials.token) as client:
        queue = client.find_queue(ReviewSession(RunFolder(run)).title(design))
    assert queue is not None
    return queue.project_id


@pytest.fixture(scope="module")
def crew(run: Path, browser: Any, pictures: Path) -> Crew:
    """The review, from the first push to the last pull."""
    with served(run) as (server, page):
        pointvos("review", "push", "--run", run, "--overlap", 3)
        with LabelStudioClient(server.url, server.credentials.token) as client:
            for who in RATES:
                add_account(client, run / "review", who)
        links = {who: link(page, who, Access(run / "review").make_link(who)) for who in RATES}
        session = ReviewSession(RunFolder(run))
        plan = Plan(session.tasks("contact_sheet"), session.candidates, RATES)
        people = [Person(browser, links[who], who, (1440, 860)) for who in RATES]
        crew = Crew(plan, people, queue_of(run, server, "contact_sheet"), pictures)
        crew.work(until=N_TASKS // 2)
        pointvos("review", "pull", "--run", run)
    al, bo, cy = crew.people
    with served(run) as (again, same_page):  # sessions outlive the restart
        assert same_page == page
        crew.work(until=N_TASKS)
        crew.delete(al, 2)
        crew.change(cy, 3, tile=5)
        pointvos("review", "pull", "--run", run)
        _look_around(run, again, crew, bo)
    pointvos("merge", "--run", run)
    return crew


def _look_around(run: Path, server: Server, crew: Crew, person: Person) -> None:
    """The other designs, for the docs."""
    pointvos("review", "push", "--run", run, "--design", "frame")
    pointvos("review", "push", "--run", run, "--audit-share", 0.02)
    for design, keys in {"frame": ("Space", "Space", "2"), "single": ("1",)}.items():
        person.open(queue_of(run, server, design), design)
        person.page.wait_for_timeout(1000)
        person.press(*keys)
        crew.picture(person, design)


def test_the_merged_points_are_what_the_three_meant(crew: Crew, run: Path) -> None:
    assert len(crew.plan.tasks) == N_TASKS
    assert len(crew.meant) == 3 * N_TASKS - 2
    found = {p.candidate_id: p.status for p in tables.POINTS.records(tables.POINTS.read(run))}
    assert found == crew.majority()


def test_every_verdict_is_what_its_author_meant(crew: Crew, run: Path) -> None:
    place = {task.task_key: i for i, task in enumerate(crew.plan.tasks)}
    found: dict[tuple[str, int], dict[str, str]] = {}
    for verdict in tables.VERDICTS.records(tables.VERDICTS.read(run)):
        found.setdefault((verdict.annotator, place[verdict.task_key]), {})[verdict.candidate_id] = verdict.status
    assert found == crew.meant


def test_the_skip_is_recorded(crew: Crew, run: Path) -> None:
    skips = tables.SKIPS.records(tables.SKIPS.read(run))
    assert {(skip.annotator, skip.task_key) for skip in skips} == {("bo@example.org", crew.plan.tasks[7].task_key)}


def test_the_planted_error_rates_are_within_the_intervals(crew: Crew, run: Path) -> None:
    found = audit(read_verdicts(RunFolder(run)).votes(), [])
    assert [person.annotator for person in found.annotators] == list(RATES)
    for person in found.annotators:
        low, high = person.error.interval()
        print(f"{person.annotator}: planted {RATES[person.annotator]:.0%}, found {person.error}")
        assert low <= RATES[person.annotator] <= high


def test_the_kappas_that_the_rates_make_are_within_the_intervals(crew: Crew, run: Path) -> None:
    found = audit(read_verdicts(RunFolder(run)).votes(), [])
    assert len(found.cohen) == 3
    for one, other, kappa in found.cohen:
        table = crew.plan.expected(one, other)
        by_chance = float((table.sum(axis=0) * table.sum(axis=1)).sum())
        planted = (float(np.trace(table)) - by_chance) / (1 - by_chance)
        print(f"{one} and {other}: planted {planted:.3f}, found {kappa}")
        assert kappa.low <= planted <= kappa.high


def test_the_keys_for_a_point_are_few(crew: Crew) -> None:
    """One candidate in six is wrong, one in thirty unsure, and people err; Enter counts as well."""
    n_keys = sum(person.n_keys for person in crew.people)
    assert n_keys / (3 * N_TASKS * 20) < 0.4

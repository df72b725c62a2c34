"""A person at work, in a real browser on a real server."""

from __future__ import annotations

import shutil
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from pipeline.commands.review.session import ReviewSession, client_of
from pipeline.runs.folder import RunFolder
from schemas import tables
from schemas.reviews import DESIGNS, ReviewTask, Verdict
from tests.verification_ui.person import Person
from verification_ui.media.clips import write_clip
from verification_ui.page.tasks import build_tasks

pytestmark = [pytest.mark.labelstudio, pytest.mark.browser]


def put_clips(session: ReviewSession, design: str) -> None:
    """Films in the place of those that cannot be cut: the made-up run has no video."""
    for task in build_tasks(session.asked(design), design):
        greys = [np.full((72, 120, 3), 6 * i, dtype=np.uint8) for i in range(40)]
        write_clip(session.media / session.maker.names(task).clip, greys, 20, Fraction(20))


class Queue:
    """The queue of one test, of a run of its own, so that no test finds what another one asked or answered."""

    def __init__(self, run: Any, served_run: Any, review: Any) -> None:
        self._run, self._server, self._review = run, served_run.server, review
        self._shown = served_run.run.path / "media"  # of which the gate shows pictures

    def open(self, design: str) -> tuple[int, list[ReviewTask]]:
        """The project with all tasks of a design, each with its clip, and the tasks in the order asked."""
        session = ReviewSession(RunFolder(self._run.path))
        put_clips(session, design)
        self._review("push", self._run.path, "--design", design)
        shutil.copytree(session.media, self._shown, dirs_exist_ok=True)
        with client_of(self._server) as client:
            queue = client.find_queue(session.title(design))
        assert queue is not None
        return queue.project_id, session.tasks(design)

    def verdicts(self) -> list[Verdict]:
        """All that people have said until now."""
        self._review("pull", self._run.path)
        return tables.VERDICTS.records(tables.VERDICTS.read(self._run.path))

    def answers(self, task: ReviewTask) -> list[str]:
        """Those to one task, a sign a candidate."""
        short = {"ACCEPTED": "+", "REJECTED": "-", "AMBIGUOUS": "?"}
        found = {v.candidate_id: short[v.status] for v in self.verdicts() if v.task_key == task.task_key}
        return [found[candidate_id] for candidate_id in task.candidate_ids]


@pytest.fixture
def queue(served_run: Any, own_run: Any, review: Any) -> Queue:
    return Queue(own_run, served_run, review)


def write_note(person: Person, text: str) -> None:
    """As the guidelines say: backwards from the end of the page, then write."""
    for _ in range(12):
        person.press("Shift+Tab")
        if person.page.evaluate("() => document.activeElement.closest('.pv-note') !== null"):
            person.press(*text, "Enter")
            return
    raise AssertionError("the note cannot be reached by keys")


def test_at_the_contact_sheet_keys_flip_doubt_and_flag_exactly_what_they_name(person: Person, queue: Queue) -> None:
    project_id, tasks = queue.open("contact_sheet")
    person.open(project_id, "contact_sheet")
    assert person.page.locator(".pv-tile").count() == 12
    assert person.page.locator(".pv-object").inner_text() == "cat"  # the most doubtful object is asked first
    person.pictures_are_loaded()

    assert not person.page.locator(".pv-clip").is_visible()
    person.press("v")
    person.page.wait_for_function("() => document.querySelector('video')?.currentTime > 0.2")
    assert person.page.locator(".pv-frame").is_hidden()
    person.press("v")
    assert not person.page.locator(".pv-clip").is_visible()
    assert person.page.evaluate("() => document.querySelector('video').paused")

    person.press("2", "w")
    assert person.page.locator(".pv-marks input:checked").count() == 2
    person.submit()
    person.wait_for(tasks[1].task_key, "contact_sheet")
    person.press("Shift+3", "5", "6", "5")
    person.submit()
    person.open(project_id, "contact_sheet")  # work goes on where it was left
    person.wait_for(tasks[2].task_key, "contact_sheet")
    person.press("4", "c")
    write_note(person, "mirror")
    person.page.evaluate("() => document.activeElement.blur()")
    person.submit()

    assert queue.answers(tasks[0]) == list("+-++++-----+")
    assert queue.answers(tasks[1]) == list("++?++-------")
    assert queue.answers(tasks[2]) == list("------------")
    assert {(v.task_key, v.flag, v.note) for v in queue.verdicts() if v.note} == {
        (tasks[2].task_key, "absent", "mirror")
    }


@pytest.mark.parametrize(("key", "shown"), [("b", ".pv-frame img"), ("n", ".pv-reference img")])
@pytest.mark.parametrize("design", DESIGNS[:3])
def test_a_key_opens_a_picture_in_large_and_closes_it(
    person: Person, queue: Queue, design: str, key: str, shown: str
) -> None:
    project_id, _ = queue.open(design)
    person.open(project_id, design)
    wide = f"() => document.querySelector('{shown}').getBoundingClientRect().width > 1500"
    assert not person.page.evaluate(wide)
    person.press(key)
    person.page.wait_for_function(wide)
    person.press(key)
    person.page.wait_for_function(f"() => !({wide})()")


def test_in_the_frame_view_a_relabelled_point_is_the_only_change(person: Person, queue: Queue) -> None:
    project_id, tasks = queue.open("frame")
    person.open(project_id, "frame")
    person.page.wait_for_timeout(800)
    person.press("Space", "2", "Space", "3")
    person.submit()
    assert queue.answers(tasks[0]) == list("-?++++------")


def test_a_blind_question_is_answered_by_two_keys_and_not_passed_without_an_answer(
    person: Person, queue: Queue
) -> None:
    project_id, tasks = queue.open("single")
    person.open(project_id, "single")
    person.page.keyboard.press("Enter")
    person.page.wait_for_timeout(400)
    for task, keys in zip(tasks, ("1", "2", "3", "12"), strict=False):
        person.wait_for(task.task_key, "single")
        person.press(*keys)
        assert person.page.locator(".pv-answer input:checked").count() == 1
        person.submit()
    assert [queue.answers(task) for task in tasks[:4]] == [["+"], ["-"], ["?"], ["-"]]

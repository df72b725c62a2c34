"""A person at work, in a real browser on a real server."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.review import review_app
from pipeline.review_session import ReviewSession, client_of
from pipeline.run_folder import RunFolder
from schemas import tables
from schemas.reviews import DESIGNS, ReviewTask
from verification_ui.clips import write_clip
from verification_ui.tasks import build_tasks

pytestmark = [pytest.mark.labelstudio, pytest.mark.browser]


def pointvos_review(*arguments: str) -> str:
    result = CliRunner().invoke(review_app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def open_queue(page: Any, url: str, project_id: int, shown: str) -> None:
    page.goto(f"{url}/projects/{project_id}/data?labeling=1")
    page.wait_for_function("() => window.Htx && Htx.task && Htx.task.id && !Htx.isLoading")
    page.wait_for_selector(shown)


def press_when_next(page: Any, task: ReviewTask, shown: str, *keys: str) -> None:
    page.wait_for_function(
        f"() => Htx.task && Htx.task.data && Htx.task.data.includes('{task.task_key}') && !Htx.isLoading"
    )
    page.wait_for_selector(shown)
    page.wait_for_timeout(300)
    press(page, *keys)


def submit(page: Any) -> None:
    with page.expect_response(lambda r: r.url.endswith("/annotations") or "/annotations?" in r.url) as reply:
        page.keyboard.press("Enter")
    assert reply.value.status == 201


def put_clips(session: ReviewSession, design: str) -> None:
    """Films in the place of those that cannot be cut: the made-up run has no video."""
    for task in build_tasks(session.asked(design), design):
        greys = [np.full((72, 120, 3), 6 * i, dtype=np.uint8) for i in range(40)]
        write_clip(session.media / session.maker.names(task).clip, greys, 20, Fraction(20))


def queue_of(served_run: Any, design: str) -> tuple[int, list[ReviewTask]]:
    put_clips(ReviewSession(RunFolder(served_run.run.path)), design)
    pointvos_review("push", "--run", str(served_run.run.path), "--design", design)
    session = ReviewSession(RunFolder(served_run.run.path))
    with client_of(served_run.server) as client:
        queue = client.find_queue(session.title(design))
    assert queue is not None
    return queue.project_id, session.tasks(design)


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(80)


def write_note(page: Any, text: str) -> None:
    """As the guidelines say: backwards from the end of the page, then write."""
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("() => document.activeElement.closest('.pv-note') !== null"):
            press(page, *text, "Enter")
            return
    raise AssertionError("the note cannot be reached by keys")


def pulled(served_run: Any, task: ReviewTask) -> list[str]:
    pointvos_review("pull", "--run", str(served_run.run.path))
    verdicts = tables.VERDICTS.records(tables.VERDICTS.read(served_run.run.path))
    short = {"ACCEPTED": "+", "REJECTED": "-", "AMBIGUOUS": "?"}
    found = {v.candidate_id: short[v.status] for v in verdicts if v.task_key == task.task_key}
    return [found[candidate_id] for candidate_id in task.candidate_ids]


def test_at_the_contact_sheet_keys_flip_doubt_and_flag_exactly_what_they_name(page: Any, served_run: Any) -> None:
    project_id, tasks = queue_of(served_run, "contact_sheet")
    open_queue(page, served_run.server.url, project_id, ".pv-tile")
    assert page.locator(".pv-tile").count() == 12
    assert page.locator(".pv-object").inner_text() == "cat"  # the most doubtful object is asked first
    pictures = "() => [...document.querySelectorAll('.pv-picture img')].every(i => i.complete && i.naturalWidth > 0)"
    page.wait_for_function(pictures)

    assert not page.locator(".pv-clip").is_visible()
    press(page, "v")
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")
    assert page.locator(".pv-frame").is_hidden()
    press(page, "v")
    assert not page.locator(".pv-clip").is_visible()
    assert page.evaluate("() => document.querySelector('video').paused")

    press(page, "2", "w")
    assert page.locator(".pv-marks input:checked").count() == 2
    submit(page)
    press_when_next(page, tasks[1], ".pv-tile", "Shift+3", "5", "6", "5")
    submit(page)
    open_queue(page, served_run.server.url, project_id, ".pv-tile")  # work goes on where it was left
    press_when_next(page, tasks[2], ".pv-tile", "4", "c")
    write_note(page, "mirror")
    page.evaluate("() => document.activeElement.blur()")
    submit(page)

    assert pulled(served_run, tasks[0]) == list("+-++++-----+")
    assert pulled(served_run, tasks[1]) == list("++?++-------")
    assert pulled(served_run, tasks[2]) == list("------------")
    verdicts = tables.VERDICTS.records(tables.VERDICTS.read(served_run.run.path))
    assert {(v.task_key, v.flag, v.note) for v in verdicts if v.note} == {(tasks[2].task_key, "absent", "mirror")}


@pytest.mark.parametrize(("key", "shown"), [("b", ".pv-frame img"), ("n", ".pv-reference img")])
@pytest.mark.parametrize("design", DESIGNS[:3])
def test_a_key_opens_a_picture_in_large_and_closes_it(
    page: Any, served_run: Any, design: str, key: str, shown: str
) -> None:
    project_id, _ = queue_of(served_run, design)
    open_queue(page, served_run.server.url, project_id, ".pv-ask")
    wide = f"() => document.querySelector('{shown}').getBoundingClientRect().width > 1500"
    assert not page.evaluate(wide)
    press(page, key)
    page.wait_for_function(wide)
    press(page, key)
    page.wait_for_function(f"() => !({wide})()")


def test_in_the_frame_view_a_relabelled_point_is_the_only_change(page: Any, served_run: Any) -> None:
    project_id, tasks = queue_of(served_run, "frame")
    open_queue(page, served_run.server.url, project_id, "canvas")
    page.wait_for_timeout(800)
    press(page, "Space", "2", "Space", "3")
    submit(page)
    assert pulled(served_run, tasks[0]) == list("-?++++------")


def test_a_blind_question_is_answered_by_two_keys_and_not_passed_without_an_answer(page: Any, served_run: Any) -> None:
    project_id, tasks = queue_of(served_run, "single")
    open_queue(page, served_run.server.url, project_id, ".pv-crop")
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    for task, keys in zip(tasks, ("1", "2", "3", "12"), strict=False):
        press_when_next(page, task, ".pv-crop", *keys)
        assert page.locator(".pv-answer input:checked").count() == 1
        submit(page)
    assert [pulled(served_run, task) for task in tasks[:4]] == [["+"], ["-"], ["?"], ["-"]]

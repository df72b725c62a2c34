from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.coords import pixel_to_percent
from schemas.points import PointCandidate
from schemas.reviews import ReviewTask
from verification_ui.page.annotations import Annotation, Mark, parse_annotation, parse_task
from verification_ui.page.decisions import AddedPoint, decide, decide_task

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HEIGHT, WIDTH = 90, 160
SHORT = {"ACCEPTED": "+", "REJECTED": "-", "AMBIGUOUS": "?"}
CANDIDATES = {
    name: PointCandidate(name, "v", "1", 0, x, 5, name.startswith("fg"), "interior", 1.0, 1.0, 0.5, 0, 0)
    for x, name in enumerate(("fg1", "fg2", "bg1", "bg2"), start=10)
}


def task(design: str) -> ReviewTask:
    return ReviewTask("k" * 32, "v", "1", 0, 0, design, tuple(CANDIDATES), 0.5)


def annotation(*marks: Mark, who: str = "ann@x", minutes: int = 0, is_skipped: bool = False) -> Annotation:
    return Annotation(f"{who}{minutes}", who, is_skipped, 8.0, WHEN + timedelta(minutes=minutes), marks)


def choose(control: str, *values: str) -> Mark:
    return Mark(control, "r1", values)


def point(region_id: str, label: str, x: int, y: int = 5) -> Mark:
    ((px, py),) = pixel_to_percent([[x, y]], WIDTH, HEIGHT).tolist()
    return Mark("points", region_id, (label,), (px, py), (HEIGHT, WIDTH))


def statuses(given: Annotation, design: str = "contact_sheet") -> list[str]:
    return [SHORT[v.status] for v in decide(given, task(design), CANDIDATES)[0]]


def test_an_untouched_sheet_confirms_what_it_shows() -> None:
    assert statuses(annotation()) == ["+", "+", "-", "-"]


def test_wrong_flips_and_unsure_drops_and_unsure_wins() -> None:
    marks = (choose("wrong", "fg2", "bg1", "bg2"), choose("unsure", "bg2"))
    assert statuses(annotation(*marks)) == ["+", "-", "+", "?"]


@pytest.mark.parametrize(
    ("flag", "expected"),
    [("bad_frame", "????"), ("absent", "----"), ("wrong_object", "--?+")],
)
def test_a_flag_decides_over_the_whole_frame(flag: str, expected: str) -> None:
    marks = (choose("flag", flag), choose("wrong", "fg1", "bg2"))
    assert statuses(annotation(*marks)) == list(expected)


def test_unsure_stays_unsure_under_a_wrong_object() -> None:
    assert statuses(annotation(choose("flag", "wrong_object"), choose("unsure", "fg1", "bg2"))) == ["?", "-", "?", "?"]


def test_a_note_changes_no_status_and_stands_in_every_verdict_with_the_flag() -> None:
    given = annotation(Mark("note", "n", ("a mirror",)), choose("flag", "absent"))
    assert statuses(annotation(Mark("note", "n", ("a mirror",)))) == ["+", "+", "-", "-"]
    verdicts, _ = decide(given, task("contact_sheet"), CANDIDATES)
    assert {(v.flag, v.note) for v in verdicts} == {("absent", "a mirror")}
    assert {(v.flag, v.note) for v in decide(annotation(), task("contact_sheet"), CANDIDATES)[0]} == {("", "")}


def test_a_skipped_task_gives_no_verdict() -> None:
    assert decide(annotation(choose("wrong", "fg1"), is_skipped=True), task("contact_sheet"), CANDIDATES) == ([], [])


def test_the_lead_time_is_shared_and_the_origin_is_kept() -> None:
    verdicts, _ = decide(annotation(), task("contact_sheet"), CANDIDATES)
    assert [v.lead_time_s for v in verdicts] == [2.0] * 4
    assert {(v.annotator, v.source, v.task_key, v.annotation_id, v.decided_at) for v in verdicts} == {
        ("ann@x", "label_studio", "k" * 32, "ann@x0", WHEN)
    }


def test_in_the_frame_view_the_label_of_a_point_is_its_verdict() -> None:
    marks = (point("fg1", "off_object", 10), point("fg2", "on_object", 11))
    marks += (point("bg1", "on_object", 12), point("bg2", "unsure", 13))
    assert statuses(annotation(*marks), "frame") == ["-", "+", "+", "?"]


def test_a_deleted_or_moved_point_no_longer_answers_for_its_candidate() -> None:
    marks = (point("fg1", "on_object", 10), point("fg2", "off_object", 40, 7), point("bg1", "off_object", 12))
    verdicts, added = decide(annotation(*marks), task("frame"), CANDIDATES)
    assert [v.status for v in verdicts] == ["ACCEPTED", "AMBIGUOUS", "REJECTED", "AMBIGUOUS"]
    assert added == [AddedPoint(40, 7, "REJECTED")]


@pytest.mark.parametrize(("answer", "status"), [("on_object", "+"), ("off_object", "-"), ("unsure", "?")])
@pytest.mark.parametrize("name", ["fg1", "bg1"])
def test_the_answer_to_a_blind_question_is_the_verdict_whatever_was_claimed(
    name: str, answer: str, status: str
) -> None:
    blind = ReviewTask("k" * 32, "v", "1", 0, 0, "single", (name,), 0.5)
    (verdict,), added = decide(annotation(choose("answer", answer), choose("look", "clip")), blind, CANDIDATES)
    assert (verdict.candidate_id, SHORT[verdict.status], verdict.lead_time_s, added) == (name, status, 8.0, [])


def test_silence_confirms_nothing_when_nothing_was_shown() -> None:
    blind = ReviewTask("k" * 32, "v", "1", 0, 0, "single", ("fg1",), 0.5)
    assert decide(annotation(), blind, CANDIDATES) == ([], [])


def test_a_point_that_a_person_added_is_kept_apart() -> None:
    marks = (*(point(name, "on_object", c.x) for name, c in CANDIDATES.items()), point("Xy9z", "on_object", 80, 33))
    verdicts, added = decide(annotation(*marks), task("frame"), CANDIDATES)
    assert [v.status for v in verdicts] == ["ACCEPTED"] * 4
    assert added == [AddedPoint(80, 33, "ACCEPTED")]


def test_every_annotator_counts_once_with_the_latest_answer() -> None:
    given = [
        annotation(choose("wrong", "fg1"), who="bo", minutes=3),
        annotation(choose("wrong", "fg2"), who="bo", minutes=1),
        annotation(who="al", minutes=2),
        annotation(who="cy", minutes=2, is_skipped=True),
    ]
    decided = [verdicts for verdicts, _ in decide_task(given, task("contact_sheet"), CANDIDATES)]
    assert [(v[0].annotator, v[0].status, v[1].status) for v in decided] == [
        ("al", "ACCEPTED", "ACCEPTED"),
        ("bo", "REJECTED", "ACCEPTED"),
    ]


@pytest.mark.parametrize(("result", "reason"), [
    ("x", "its result is 'x', not a list"),
    ([7], "7 is not a mark with a value"),
    ([{"value": None}], "is not a mark with a value"),
    ([{"value": {"choices": 5}}], "choices is 5, not a list of texts"),
    ([{"value": {"choices": None}}], "choices is None, not a list of texts"),
    ([{"value": {"keypointlabels": [["a"], {"b": 1}]}}], "keypointlabels is "),
    ([{"value": {"text": {"a": 1}}}], "text is {'a': 1}, not a list of texts"),
    ([{"from_name": ["wrong"]}], "from_name is ['wrong'], not a text"),
    ([{"value": {"x": "left", "y": 1}}], "x is 'left', not a place in percent"),
    ([{"value": {"x": 1.0, "y": float("inf")}}], "y is inf, not a place in percent"),
    ([{"value": {"x": 1e308, "y": 1}}], "x is 1e+308, not a place in percent"),
    ([{"original_height": "tall"}], "original_height is 'tall', not a number of pixels"),
    ([{"original_width": -5}], "original_width is -5, not a number of pixels"),
    ([{"original_width": 10**30}], "not a number of pixels"),
])  # fmt: skip
def test_an_answer_that_the_page_cannot_have_made_takes_no_other_with_it(result: Any, reason: str) -> None:
    sound = {"id": 7, "completed_by": 3, "lead_time": 1.0, "updated_at": "2026-01-02T03:04:05.000000Z", "result": []}
    broken = {**sound, "id": 8, "completed_by": {"id": 4}, "result": result}
    found = parse_task("k", [broken, sound], 2, {3: "ann@x", 4: "eve@x"})
    assert [a.annotation_id for a in found.annotations] == ["7"]
    assert len(found.unreadable) == 1
    assert found.unreadable[0].startswith("annotation 8 of eve@x: ")
    assert reason in found.unreadable[0]


def test_times_that_nobody_can_have_taken_are_bounded() -> None:
    sent = {"id": 7, "completed_by": 3, "updated_at": "2026-01-02T03:04:05.000000Z"}
    assert parse_annotation({**sent, "lead_time": -3.0}, {}).lead_time_s == 0.0
    assert parse_annotation({**sent, "lead_time": 1e308}, {}).lead_time_s == 30 * 86400.0


def test_annotations_are_read_as_the_server_writes_them() -> None:
    json: dict[str, Any] = {
        "id": 7, "completed_by": 3, "was_cancelled": False, "lead_time": 4.25,
        "updated_at": "2026-01-02T03:04:05.000000Z",
        "result": [
            {"id": "a", "from_name": "wrong", "to_name": "question", "type": "choices", "value": {"choices": ["fg1"]}},
            {"id": "b", "from_name": "note", "type": "textarea", "value": {"text": ["hair"]}},
            {"id": "fg2", "from_name": "points", "type": "keypointlabels", "original_width": 160, "original_height": 90,
             "value": {"x": 50.0, "y": 25.0, "width": 0.5, "keypointlabels": ["unsure"]}},
        ],
    }  # fmt: skip
    assert parse_annotation(json, {3: "ann@x"}) == Annotation(
        "7", "ann@x", False, 4.25, WHEN,
        (
            Mark("wrong", "a", ("fg1",)),
            Mark("note", "b", ("hair",)),
            Mark("points", "fg2", ("unsure",), (50.0, 25.0), (90, 160)),
        ),
    )  # fmt: skip
    assert parse_annotation(json, {}).annotator == "user 3"
    assert parse_annotation({**json, "updated_by": 3}, {3: "ann@x"}).entered_by == ""
    assert parse_annotation({**json, "updated_by": 4}, {3: "ann@x", 4: "eve@x"}).entered_by == "eve@x"
    assert parse_annotation({**json, "updated_by": 5}, {3: "ann@x"}).entered_by == "user 5"

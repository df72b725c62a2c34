from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from schemas.points import PointCandidate
from schemas.reviews import DESIGNS
from verification_ui.page.hotkeys import CANDIDATE_KEYS
from verification_ui.page.tasks import build_tasks, task_key


def candidate(
    candidate_id: str, object_id: str = "1", frame_idx: int = 0, is_fg: bool = True, quality: float = 0.9
) -> Any:
    return PointCandidate(candidate_id, "v", object_id, frame_idx, 1, 2, is_fg, "interior", 1.0, 1.0, quality, 0, 0)


def test_one_task_for_each_object_on_each_frame() -> None:
    asked = [candidate("a"), candidate("b"), candidate("c", frame_idx=4), candidate("d", object_id="2")]
    tasks = build_tasks(asked, "contact_sheet")
    assert [(t.object_id, t.frame_idx, t.candidate_ids) for t in tasks] == [
        ("1", 0, ("a", "b")),
        ("1", 4, ("c",)),
        ("2", 0, ("d",)),
    ]


def test_foreground_candidates_come_first() -> None:
    tasks = build_tasks([candidate("b", is_fg=False), candidate("f"), candidate("a", is_fg=False)], "contact_sheet")
    assert tasks[0].candidate_ids == ("f", "a", "b")


def test_the_object_with_the_worst_frame_is_asked_first_and_its_frames_stay_together() -> None:
    asked = [
        candidate("a", "1", 0, quality=0.9),
        candidate("b", "2", 5, quality=0.95),
        candidate("c", "1", 9, quality=0.8),
        candidate("d", "2", 0, quality=0.3),
    ]
    tasks = build_tasks(asked, "contact_sheet")
    assert [(t.object_id, t.frame_idx) for t in tasks] == [("2", 0), ("2", 5), ("1", 0), ("1", 9)]
    assert [t.priority for t in tasks] == pytest.approx([0.7, 0.7, 0.2, 0.2])


def test_the_queue_does_not_depend_on_the_order_of_the_candidates() -> None:
    asked = [candidate(f"c{i}", str(i % 3), i % 4, i % 2 == 0, quality=i / 40) for i in range(40)]
    shuffled = random.Random(1).sample(asked, len(asked))
    assert build_tasks(asked, "contact_sheet") == build_tasks(shuffled, "contact_sheet")


def test_the_key_is_the_same_for_the_same_question_and_differs_in_every_part() -> None:
    question: tuple[Any, ...] = ("v", "1", 0, 0, "frame", ("a", "b"))
    others = [
        ("w", "1", 0, 0, "frame", ("a", "b")),
        ("v", "2", 0, 0, "frame", ("a", "b")),
        ("v", "1", 1, 0, "frame", ("a", "b")),
        ("v", "1", 0, 1, "frame", ("a", "b")),
        ("v", "1", 0, 0, "contact_sheet", ("a", "b")),
        ("v", "1", 0, 0, "frame", ("ab",)),
        ("v1", "", 0, 0, "frame", ("a", "b")),
    ]
    assert task_key(*question) == "ae7eec66faf65c2991a0ee9ab68d363f"
    assert len({task_key(*question), *(task_key(*other) for other in others)}) == 1 + len(others)


def test_more_candidates_than_keys_make_several_tasks_of_like_size() -> None:
    tasks = build_tasks([candidate(f"c{i:02}", is_fg=i % 2 == 0) for i in range(40)], "contact_sheet")
    assert [len(t.candidate_ids) for t in tasks] == [20, 20]
    assert len({t.task_key for t in tasks}) == 2
    assert {i for t in tasks for i in t.candidate_ids} == {f"c{i:02}" for i in range(40)}


def test_a_blind_task_asks_one_candidate_in_an_order_that_does_not_tell_the_claim() -> None:
    asked = [candidate(f"c{i:02}", is_fg=i < 20) for i in range(40)]
    tasks = build_tasks(asked, "single")
    assert sorted(i for t in tasks for i in t.candidate_ids) == [c.candidate_id for c in asked]
    turned = [replace(c, is_fg_candidate=not c.is_fg_candidate) for c in asked]
    assert build_tasks(turned, "single") == tasks
    claims = [int(t.candidate_ids[0][1:]) < 20 for t in tasks]
    assert 10 < sum(a != b for a, b in pairwise(claims)) < 30  # neither sorted nor in turn


def test_the_designs_of_one_run_share_no_task() -> None:
    asked = [candidate("a"), candidate("b", frame_idx=3)]
    keys = [t.task_key for design in DESIGNS for t in build_tasks(asked, design)]
    assert len(set(keys)) == len(keys) == 10


def test_keys_are_single_and_distinct() -> None:
    assert len(set(CANDIDATE_KEYS)) == len(CANDIDATE_KEYS)
    assert not set(CANDIDATE_KEYS) & set("zxc")


def test_a_candidate_that_is_there_twice_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'a' is in the run twice"):
        build_tasks([candidate("a"), candidate("a")], "contact_sheet")


def test_an_unknown_design_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown review design 'cards'; known: contact_sheet, frame, single"):
        build_tasks([candidate("a")], "cards")

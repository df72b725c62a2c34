"""Instances of one expression over a video, with a localizer that says what it is told."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from schemas.jobs import VideoJob
from schemas.localizations import Box, Expression, Localization
from schemas.rejects import Reject
from schemas.video_files import VideoFile
from stages.backends.localizer import InstanceLocalizer, Located
from stages.backends.localizers import load_localizer
from stages.localize.instances import MOST_INSTANCES, InstanceSearch, frames_to_scan
from stages.localize.placing import place_objects

IMAGE = np.zeros((60, 80, 3), dtype=np.uint8)


class Told:
    """Answers with boxes from a list, look after look."""

    name = "told"

    def __init__(self, *looks: list[Located]) -> None:
        self._looks = iter(looks)

    def locate(self, image: np.ndarray, expressions: Sequence[Expression]) -> list[Located]:
        raise AssertionError("all instances are asked for")

    def locate_all(self, image: np.ndarray, expressions: Sequence[Expression]) -> list[list[Located]]:
        return [next(self._looks) for _ in expressions]


def at(x: float, y: float, score: float = 0.5, side: float = 10) -> Located:
    return Located(Box((x, y, x + side, y + side)), score, "dog")


def dogs() -> Localization:
    return Localization("v", "dog", 0, Expression(("dog",), every=True), "", "dog", input_uri="x.jsonl")


def searched(*looks: list[Located], step: int = 12) -> InstanceSearch:
    search = InstanceSearch(Told(*looks), [dogs()])
    for number in range(len(looks)):
        search.search_frame(IMAGE, number * step)
    return search


def places(search: InstanceSearch) -> list[tuple[str, int, float]]:
    return [(one.object_id, one.frame_idx, one.hint.xyxy_px[0]) for one in search.localizations()]


def test_it_looks_all_over_the_video_and_not_too_often():
    assert frames_to_scan(30) == (0, 12, 24)
    assert frames_to_scan(0) == (0,)
    assert len(frames_to_scan(100_000)) == 60


def test_what_overlaps_is_one_object_and_what_comes_later_is_a_new_one():
    search = searched([at(0, 0), at(40, 0)], [at(3, 0), at(41, 0)], [at(5, 0), at(42, 0), at(0, 40)])
    assert places(search) == [("dog-1", 0, 0), ("dog-2", 0, 40), ("dog-3", 24, 0)]
    assert search.rejects() == []


def test_an_object_that_moves_on_as_it_moved_stays_one():
    search = searched([at(0, 0)], [at(5, 0)], [at(13, 0)], [at(21, 0)], [at(29, 0)])
    assert {object_id for object_id, *_ in places(search)} == {"dog-1"}


def test_an_object_may_be_hidden_for_a_look():
    assert len(searched([at(0, 0)], [], [at(2, 0)]).instances["dog"]) == 1


def test_an_instance_is_localized_again_where_it_is_seen_more_clearly():
    search = searched([at(0, 0, 0.6)], [at(1, 0, 0.5)], [at(2, 0, 0.8)], [at(3, 0, 0.7)])
    assert places(search) == [("dog-1", 0, 0), ("dog-1", 24, 2)]
    assert [one.rule for one in search.localizations()] == ["told: dog 0.60", "told: dog 0.80"]


def test_two_objects_do_not_become_one_when_they_come_close():
    search = searched([at(0, 0), at(30, 0)], [at(4, 0), at(26, 0)], [at(8, 0), at(22, 0)], [at(11, 0), at(18, 0)])
    assert sorted({object_id for object_id, *_ in places(search)}) == ["dog-1", "dog-2"]


def test_nothing_seen_and_too_much_seen_are_told():
    (nothing,) = searched([], []).rejects()
    assert (nothing.key, nothing.error) == ("v/dog", "not_seen")
    crowd = searched([at(0, 11 * i, 0.3 + i / 100) for i in range(MOST_INSTANCES + 3)])
    (many,) = crowd.rejects()
    assert isinstance(many, Reject)
    assert many.error == "too_many_instances"
    kept = crowd.localizations()
    assert len(kept) == MOST_INSTANCES
    assert [one.object_id for one in kept][:2] == ["dog-1", "dog-2"]
    assert kept[0].hint.xyxy_px[1] == 33, "the surest, in order of appearance"


def test_the_job_names_instances_in_place_of_the_expression(tmp_path):
    paths = [tmp_path / f"{i:05}.png" for i in range(24)]
    for path in paths:
        cv2.imwrite(str(path), IMAGE)
    given = Localization("v", "cat", 3, Box((0, 0, 5, 5)))
    job = VideoJob(VideoFile("v", str(tmp_path), tuple(map(str, paths))), (given, dogs()), "unit")
    placed = place_objects(job, Told([at(0, 0)], [at(1, 0), at(40, 0)]))
    assert sorted(placed.job.groups) == ["cat", "dog-1", "dog-2"]
    assert [(one.object_id, one.frame_idx) for one in placed.localizations] == [("cat", 3), ("dog-1", 0), ("dog-2", 12)]
    none = place_objects(job, Told([], []))
    assert sorted(none.job.groups) == ["cat", "dog"]
    assert [reject.error for reject in none.rejects] == ["not_seen"]


def test_localizers_that_find_one_object_are_not_taken_for_more():
    assert isinstance(Told(), InstanceLocalizer)
    assert not isinstance(load_localizer("imagenet", "cpu"), InstanceLocalizer)

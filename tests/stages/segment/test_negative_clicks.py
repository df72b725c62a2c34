import numpy as np

from schemas.prompts import Prompt
from stages.segment.negative_clicks import with_negative_clicks


def prompt(object_id, *xy_px):
    points = np.array(xy_px, dtype=np.float32).reshape(-1, 2)
    return Prompt(object_id, "clicks", points, np.ones(len(points), np.int8), points)


def negatives(prompt):
    return prompt.points_px[prompt.labels == 0].tolist()


def test_clicks_on_one_of_a_group_are_negatives_of_the_others():
    prompts = {"a": prompt("a", (10, 10)), "b": prompt("b", (90, 10), (90, 50)), "c": prompt("c", (50, 90))}
    answer = with_negative_clicks(prompts, {"a": "actors", "b": "actors", "c": ""}, 5.0)
    assert negatives(answer["a"]) == [[90, 10], [90, 50]]
    assert negatives(answer["b"]) == [[10, 10]]
    assert negatives(answer["c"]) == []
    assert answer["a"].points_px[answer["a"].labels == 1].tolist() == [[10, 10]]


def test_clicks_close_to_the_object_do_not_count():
    prompts = {"a": prompt("a", (10, 10)), "b": prompt("b", (13, 14), (16, 18))}
    answer = with_negative_clicks(prompts, {"a": "actors", "b": "actors"}, 6.0)
    assert negatives(answer["a"]) == [[16, 18]]


def test_objects_of_other_groups_and_lonely_ones_stay_as_they_are():
    prompts = {"a": prompt("a", (10, 10)), "b": prompt("b", (90, 10))}
    answer = with_negative_clicks(prompts, {"a": "actors", "b": "props"}, 6.0)
    assert answer["a"] is prompts["a"]
    assert answer["b"] is prompts["b"]


def test_a_given_mask_needs_no_negatives():
    mask = Prompt("m", "mask", np.zeros((0, 2)), np.zeros(0, np.int8), np.zeros((0, 2)), mask=np.ones((4, 4), bool))
    answer = with_negative_clicks({"m": mask, "b": prompt("b", (2, 2))}, {"m": "actors", "b": "actors"}, 1.0)
    assert answer["m"] is mask

"""Objects that exclude each other become final masks, also when one of them is gone."""

import numpy as np
import pytest

from schemas.object_masks import ObjectMask
from stages.backends.propagator import to_bytes
from stages.propagate.probability_maps import ProbabilityMap
from stages.propagate.soft_aggregation import SoftAggregation

SIZE = (12, 16)
PLACE = (slice(2, 9), slice(3, 11))


def probability(value, area=PLACE):
    values = np.zeros(SIZE, dtype=np.float32)
    values[area] = value
    return ProbabilityMap(to_bytes(values), to_bytes(values), 0.5)


def masks(maps, anchors=None, groups=None):
    aggregation = SoftAggregation("v", *SIZE, groups or dict.fromkeys("ab", "all"), "model")
    return {row.object_id: row.mask for row in aggregation.aggregate(3, maps, anchors or {})}


def test_an_object_that_is_gone_leaves_the_others_as_they_are():
    found = masks({"a": probability(0.9), "b": probability(0.0)})
    assert list(found) == ["a"]
    assert np.array_equal(found["a"], probability(1.0).probability > 0)


def test_all_objects_gone_is_a_frame_without_masks():
    assert masks({"a": probability(0.0), "b": probability(0.0)}) == {}


def test_a_pixel_that_two_claim_goes_to_the_surer_one():
    right = (slice(2, 9), slice(7, 14))
    found = masks({"a": probability(0.9), "b": probability(0.6, right)})
    assert not (found["a"] & found["b"]).any()
    assert found["a"][5, 8]
    assert found["b"][5, 12]


def test_another_name_of_an_object_yields_to_the_others_and_takes_nothing_from_anybody():
    right = (slice(2, 9), slice(7, 14))
    groups = {"a": "all", "b": "all", "a-again": "all/a"}
    maps = {"a": probability(0.7), "a-again": probability(0.9), "b": probability(0.8, right)}
    found = masks(maps, groups=groups)
    for name, mask in masks({"a": probability(0.7), "b": probability(0.8, right)}).items():
        assert np.array_equal(found[name], mask)
    as_a = masks({"a": probability(0.9), "b": probability(0.8, right)})["a"]
    assert np.array_equal(found["a-again"], as_a)
    assert (found["a-again"] & found["a"]).any()


def test_objects_without_a_group_may_overlap():
    found = masks({"a": probability(0.9), "b": probability(0.6)}, groups={"a": "", "b": ""})
    assert np.array_equal(found["a"], found["b"])


def test_what_is_anchored_is_taken_from_those_who_are_not():
    mask = np.zeros(SIZE, dtype=bool)
    mask[PLACE] = True
    found = masks({"a": probability(0.9)}, {"b": ObjectMask("v", "b", 3, mask, "human", "", 1.0)})
    assert list(found) == ["b"]
    assert np.array_equal(found["b"], mask)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (2, 3)])
def test_a_map_of_any_size_becomes_bytes(shape):
    assert to_bytes(np.full(shape, 0.5, dtype=np.float32)).tolist() == np.full(shape, 128).tolist()

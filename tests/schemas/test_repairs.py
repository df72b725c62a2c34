from dataclasses import replace

import pytest

from schemas.repairs import Repair

REPAIR = Repair("v", "1", 3, "track", "embedded", 0.4, 0.5, 0.8, 0.6, 0.7, -0.1, "no_gain")


def test_only_an_accepted_repair_took_the_old_masks_place():
    assert not REPAIR.accepted
    assert replace(REPAIR, outcome="accepted").accepted


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": "better"}, "unknown outcome of a repair 'better'; known: accepted, unsure, unlike, no_gain"),
        ({"occasion": "end"}, "unknown occasion of a repair 'end'; known: start, track"),
        ({"new_support": 1.2}, r"new_support 1\.2 is not in \[0, 1\]"),
        ({"frame_idx": -1}, "frame_idx -1 is negative"),
        ({"object_id": ""}, "object_id is empty"),
    ],
)
def test_a_wrong_value_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        replace(REPAIR, **change)

"""Training teaches, and points teach nearly as much as full masks do, on sequences that no network saw."""

import pytest

from tests.bench.point_training import KINDS, SEEDS, gain, measure, share_of_full


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_training_teaches_and_points_teach_as_much_as_full_masks_within_five_percent(davis):
    found = measure(davis)
    assert {name: one["seeds"] for name, one in found["learned from"].items()} == dict.fromkeys(KINDS, SEEDS)
    assert len({trial["video_id"] for trial in found["trials"]}) == 6
    assert gain(found, "points") >= 0.02
    assert gain(found, "masks") >= 0.01
    assert share_of_full(found, "points") >= 0.95
    assert found["cpu_minutes"] <= 30

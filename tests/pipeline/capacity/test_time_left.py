import pytest

from pipeline.capacity.time_left import Stage, seconds_left


def test_before_anything_is_done_the_plan_stands():
    stages = {"segmenting": Stage(20, 0, 0), "propagating": Stage(80, 0, 0)}
    assert seconds_left(stages) == 100
    assert seconds_left(stages, at_once=2) == 50


@pytest.mark.parametrize("slower", [0.2, 1, 4])
def test_a_run_that_is_slower_than_planned_is_soon_within_a_tenth_of_the_truth(slower):
    """A third of the work is done, and the rest takes as much longer as that did."""
    stage = Stage(planned_s=600, done_s=200, taken_s=200 * slower)
    assert seconds_left({"propagating": stage}) == pytest.approx(400 * slower, rel=0.25)


def test_one_slow_frame_does_not_overturn_the_plan():
    stage = Stage(planned_s=100, done_s=0.1, taken_s=2)
    assert seconds_left({"propagating": stage}) < 130


def test_stages_are_measured_apart():
    """Segmenting went ten times slower and is over: what is left goes as it went itself."""
    stages = {"segmenting": Stage(50, 50, 500), "propagating": Stage(1000, 500, 500)}
    assert seconds_left(stages) == pytest.approx(500, rel=0.2)


def test_more_work_done_than_planned_leaves_nothing():
    assert seconds_left({"propagating": Stage(10, 15, 20)}) == 0

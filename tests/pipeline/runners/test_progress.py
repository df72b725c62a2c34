import pytest

from pipeline.runners.progress import ProgressTracker
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.video_files import VideoFile
from stages.progress import Step


def job(name, n_objects=1):
    rows = tuple(Localization(name, str(i), 0, Clicks(((5.0, 5.0),), (1,))) for i in range(n_objects))
    return VideoJob(VideoFile(name, f"{name}.mp4"), rows, name)


def test_finished_videos_and_shares_of_those_in_work_add_up():
    watch = ProgressTracker({("a", None): 10, ("b", None): 40, ("c", None): 5}, {})
    watch.finish(job("a", n_objects=2))
    watch.step(job("b"), Step("segmenting dog, 1 of 2", 0.0))
    watch.step(job("b"), Step("propagating 1 object", 0.25))
    watch.step(job("c"), Step("propagating 3 objects", 0.2))
    assert (watch.n_videos, watch.n_objects, watch.frames()) == (1, 2, 21)
    assert watch.current_work() == "propagating 1 object; propagating 3 objects"


def test_a_video_that_nobody_works_on_any_more_counts_nothing():
    watch = ProgressTracker({("b", None): 40}, {})
    watch.step(job("b"), Step("propagating 1 object", 0.25))
    watch.stop(job("b"))
    assert (watch.n_videos, watch.frames(), watch.current_work()) == (0, 0, "")


def test_a_video_of_several_batches_counts_once_when_all_are_finished():
    first, second = job("a", n_objects=4).by_batch(2)
    watch = ProgressTracker({first.key: 5.0, second.key: 5.0}, {})
    watch.step(first, Step("propagating 2 objects, batch 1 of 2", 0.4))
    watch.finish(second)
    assert (watch.n_videos, watch.n_objects, watch.frames()) == (0, 0, 7)
    watch.finish(first)
    assert (watch.n_videos, watch.n_objects, watch.frames()) == (1, 4, 10)


def test_the_time_left_is_that_of_the_work_that_is_left_as_fast_as_it_went_so_far():
    clock = [100.0]
    keys = [("a", None), ("b", None)]
    watch = ProgressTracker(dict.fromkeys(keys, 10), dict.fromkeys(keys, 200.0), at_once=2, clock=lambda: clock[0])
    assert watch.seconds_left() == 200
    watch.finish(job("a"))
    watch.step(job("b"), Step("propagating 1 object", 0.5))
    clock[0] += 75.0
    assert watch.seconds_left() == pytest.approx(100 * (75 + 10) / (300 + 10))  # one video, one worker

"""How long tracking will take, as the page says it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.config import load_config
from pipeline.studio.time_estimate import TimeEstimate
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.video_files import VideoFile
from tests.pipeline.conftest import write_video


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def job(tmp_path: Path) -> VideoJob:
    write_video(tmp_path / "a.mp4")
    hint = Localization("a", "1", 0, Clicks(((5.0, 5.0),), (1,)))
    return VideoJob(VideoFile("a", str(tmp_path / "a.mp4")), (hint,), "0")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def estimate(clock: Clock) -> TimeEstimate:
    settings = {"videos": "v", "localizations": "l", "compute.device": "cpu", "compute.workers": 1}
    return TimeEstimate(load_config(None, settings), clock)


def test_a_machine_that_was_slower_than_planned_is_planned_slower(
    estimate: TimeEstimate, clock: Clock, job: VideoJob
) -> None:
    planned = estimate.plan(job)
    estimate.begin(planned)
    clock.now += 3 * planned
    estimate.left_s(1.0)
    estimate.end()
    assert estimate.plan(job) == pytest.approx(3 * planned)


def test_a_rejected_video_tells_nothing_of_the_machine(estimate: TimeEstimate, clock: Clock, job: VideoJob) -> None:
    planned = estimate.plan(job)
    estimate.begin(planned)
    clock.now += 0.01
    estimate.end()
    assert estimate.plan(job) == planned


def test_what_is_left_counts_no_pauses(estimate: TimeEstimate, clock: Clock) -> None:
    estimate.begin()
    assert estimate.left_s(0.05) == 0.0  # nothing is known yet
    clock.now += 10
    estimate.hold(True)
    clock.now += 1000
    estimate.hold(False)
    clock.now += 10
    assert estimate.left_s(0.25) == pytest.approx(60.0)

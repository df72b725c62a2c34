"""How long the studio's work takes: as planned before it begins, as it really goes once it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.capacity.estimate import planned_jobs
from pipeline.capacity.footage import probe_videos
from pipeline.capacity.time_left import Stage, seconds_left
from pipeline.config import RunConfig
from schemas.jobs import VideoJob

_LEAST_SHARE = 0.1
"""Of work that was not planned; before, nothing is said of how long it takes."""
_TELLING_SHARE = 0.5
"""Of work that was planned; less of it tells nothing of the machine, as when a video is rejected."""


@dataclass
class TimeEstimate:
    """Of one studio; a video that was tracked tells how fast this machine is.

    Attributes:
        config: of the run.
        clock: seconds, ever rising.
    """

    config: RunConfig
    clock: Callable[[], float] = time.monotonic
    _slowness: float = 1.0
    _planned_s: float = 0.0
    _share: float = 0.0
    _taken_s: float = 0.0
    _runs_since: float | None = None

    def plan(self, job: VideoJob) -> float:
        """Seconds that tracking a video will take; 0 where its length is not known."""
        footage = probe_videos([job])
        if any(one.is_open_ended for one in footage):
            return 0.0
        return self._slowness * sum(one.needs.seconds for one in planned_jobs(footage, self.config))

    def begin(self, planned_s: float = 0.0) -> None:
        """Work begins that was planned to take so long; 0 for work without a plan."""
        self._planned_s, self._share, self._taken_s, self._runs_since = planned_s, 0.0, 0.0, self.clock()

    def hold(self, is_paused: bool) -> None:
        """Time passes without work, or work goes on."""
        self._tick()
        self._runs_since = None if is_paused else self.clock()

    def left_s(self, share: float) -> float:
        """Seconds until the end, now that ``share`` in [0, 1] is done; 0 while nothing is known."""
        self._tick()
        self._share = share
        if self._planned_s:
            return seconds_left({"work": Stage(self._planned_s, share * self._planned_s, self._taken_s)})
        return self._taken_s * (1 - share) / share if share >= _LEAST_SHARE else 0.0

    def end(self) -> None:
        """All of the work is done: the next plan is as much slower as this one was."""
        self._tick()
        if self._planned_s and self._share >= _TELLING_SHARE:
            self._slowness *= self._taken_s / self._planned_s
        self._runs_since = None

    def _tick(self) -> None:
        if self._runs_since is not None:
            now = self.clock()
            self._taken_s += now - self._runs_since
            self._runs_since = now

"""What the worker processes of one command share."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.config import RunConfig
from pipeline.jobs import VideoJob


@dataclass(frozen=True, slots=True)
class Workload:
    """Jobs in the order in which they are started, the config, and options for Beam."""

    jobs: tuple[VideoJob, ...]
    config: RunConfig
    beam_options: tuple[str, ...] = ()

"""Which runner a command line asks for, and whether it can do the work."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from pipeline.runs.storage import is_remote
from pipeline.runs.stores import quietly
from pipeline.terminal.console import UsageProblem

IN_PROCESS = "FnApiRunner"
CLUSTER = ("PortableRunner", "FlinkRunner", "SparkRunner", "PrismRunner", "DataflowRunner")
"""Runners whose workers are elsewhere, or may be."""
_REACHED_S = 10
_WRONG = ("DaskRunner", "RayRunner")


@dataclass(frozen=True, slots=True)
class BeamRunner:
    """A Beam runner with its options, for the graph to run on instead of this machine's own workers.

    Attributes:
        name: of its class.
        options: of Beam, the runner among them.
        job_endpoint: ``HOST:PORT`` of the job server that takes the work, where one is named.
    """

    name: str
    options: tuple[str, ...]
    job_endpoint: str = ""

    @property
    def chooses_machines(self) -> bool:
        """Whether it takes machines by their resource hints; to others a hint is one more environment to start."""
        return self.name == "DataflowRunner"

    def require_usable(self, *places: object) -> None:
        """Make sure that the job server answers, and that workers can see what they work on, as far as can be told.

        Args:
            places: folders and files, as they are typed.

        Raises:
            UsageProblem: nobody listens where the job server is said to be, or no worker will ever see a place.
        """
        unseen = [str(place) for place in places if not is_remote(str(place))]
        if self.name == "DataflowRunner" and unseen:
            raise UsageProblem(
                f"workers of {self.name} run on machines that cannot see {unseen[0]!r}; give it as gs:// or s3://"
            )
        if self.job_endpoint not in ("", "embed"):
            require_reached(self.job_endpoint)

    @property
    def is_cluster(self) -> bool:
        """Whether workers may be on other machines."""
        return self.name != IN_PROCESS


def choose_runner(options: Sequence[str]) -> BeamRunner | None:
    """The Beam runner that a command line names; None for this machine's own worker processes.

    Args:
        options: what stands after two dashes.

    Raises:
        UsageProblem: the runner cannot do the work, or an argument is not an option; the message says what to do.
    """
    if not options:
        return None
    if stray := [o for o in options if not o.startswith("-")][:1]:
        raise UsageProblem(f"unexpected argument {stray[0]!r}; give one VIDEOS (quote a glob), Beam options after --")
    with quietly():
        from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions, StandardOptions

    given = PipelineOptions(list(options))
    full_name = str(given.view_as(StandardOptions).runner or "")
    name = full_name.rsplit(".", maxsplit=1)[-1]
    if not name:
        raise UsageProblem("Beam options need a runner, as in -- --runner=FlinkRunner; leave them out on one machine")
    if name in _WRONG:
        raise UsageProblem(f"runner {name} gives wrong results without an error; leave the option out")
    if name not in (IN_PROCESS, *CLUSTER):
        known = ", ".join((IN_PROCESS, *CLUSTER))
        raise UsageProblem(f"runner {name} is not supported; known: {known}. On one machine leave the option out")
    if name == "DataflowRunner" and not find_spec("apitools"):
        raise UsageProblem("DataflowRunner needs Google's packages; install them with: pip install 'pointvos[gcp]'")
    return BeamRunner(name, tuple(options), given.view_as(PortableOptions).job_endpoint or "")


def require_reached(endpoint: str) -> None:
    """Make sure that somebody listens at ``HOST:PORT``: Beam would wait for minutes.

    Raises:
        UsageProblem: nobody does.
    """
    host, _, port = endpoint.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACHED_S).close()
    except (OSError, ValueError, OverflowError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        raise UsageProblem(
            f"no job server can be reached at {endpoint!r} ({reason}); start it, or correct --job_endpoint=HOST:PORT"
        ) from None

"""Which Beam runners can do the work."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.console import UsageProblem

_WRONG = {"DaskRunner", "RayRunner"}


def check_runner(options: Sequence[str]) -> list[str]:
    """The Beam options of a command line, when the runner that they name can do the work.

    Raises:
        UsageProblem: it cannot, or an argument is no option; the message says what to do.
    """
    if not options:
        return []
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

    if stray := [o for o in options if not o.startswith("-")][:1]:
        raise UsageProblem(f"unexpected argument {stray[0]!r}; give one VIDEOS (quote a glob), Beam options after --")
    full_name = str(PipelineOptions(list(options)).view_as(StandardOptions).runner or "FnApiRunner")
    name = full_name.rsplit(".", maxsplit=1)[-1]
    if name in _WRONG:
        raise UsageProblem(f"runner {name} ends with wrong results and no error; leave the option out")
    if name != "FnApiRunner":
        raise UsageProblem(f"runner {name} is not supported yet: videos run on this machine; leave the option out")
    return list(options)

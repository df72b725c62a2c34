"""Pipelines that leave no folder behind in ``/tmp`` and, as far as the runner can, no job on a cluster."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.terminal.console import errors


@contextmanager
def new_pipeline(options: Sequence[str]) -> Iterator[beam.Pipeline]:
    """A pipeline that runs when the block ends well.

    When the command is interrupted, the runner is asked to cancel its job. Beam makes a folder for every pipeline,
    which only transforms of other languages use, and removes it when that has run: not when its process is killed.

    Args:
        options: of Beam, the runner among them.
    """
    pipeline = beam.Pipeline(options=PipelineOptions(list(options)))
    shutil.rmtree(pipeline.local_tempdir, ignore_errors=True)
    try:
        with pipeline:
            yield pipeline
    except (KeyboardInterrupt, SystemExit):
        _cancel(pipeline)
        raise
    except Exception as problem:
        if interruption := _interruption(problem):
            raise interruption from None
        raise


def _interruption(problem: BaseException | None) -> BaseException | None:
    """What interrupted the command, where that is behind a problem: Beam makes another exception of one in a step."""
    while problem is not None and not isinstance(problem, KeyboardInterrupt | SystemExit):
        problem = problem.__cause__ or problem.__context__
    return problem


def _cancel(pipeline: beam.Pipeline) -> None:
    """Have the runner cancel the job, which would go on without the command that holds the lock of the run."""
    job = getattr(pipeline, "result", None)
    if job is None:
        return
    outcome = "could not be asked"
    with suppress(Exception):
        job.cancel()
        outcome = "was asked"
    errors.print(
        f"The runner {outcome} to cancel its job. If it still shows the job, cancel it there before you run the same "
        "command again.",
        soft_wrap=True,
    )

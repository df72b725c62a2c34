"""What a worker of this machine does: the graph in memory, over jobs that its command hands out one by one."""

from __future__ import annotations

import pipeline.runners.beam_import  # isort: skip  # noqa: F401 - before Beam

import gc
import logging
from collections.abc import Iterator

import apache_beam as beam

from pipeline.config import RunConfig
from pipeline.graph import AnnotateVideos
from pipeline.runners.choice import IN_PROCESS
from pipeline.runners.exits import exit_now
from pipeline.runners.pipelines import new_pipeline
from pipeline.runners.work import Job, Work
from pipeline.runners.worker_connection import CannotWrite, Ready, WorkerConnection
from pipeline.runs.folder import RunFolder, empty_folder
from pipeline.terminal.problems import sentence_of
from schemas.jobs import VideoJob
from stages import progress
from stages.failures import CANNOT_WRITE

_IN_MEMORY = f"--runner={IN_PROCESS}"
_UNCHECKED = "--no_pipeline_type_check"
"""The tests check the types of the graphs; to check them again takes a tenth of a second of every worker."""
_connections: list[WorkerConnection] = []
"""Of this process; a DoFn cannot carry it."""


class TakeJobsDoFn(beam.DoFn):
    """Asks for jobs; when it asks for the next one, the last one is committed or rejected."""

    def __init__(self) -> None:
        self._connection: WorkerConnection | None = None

    def setup(self) -> None:
        """Find the connection of this process."""
        (self._connection,) = _connections

    def process(self, _: object) -> Iterator[Job]:
        """Yield jobs; models are loaded by now, and the collector may look for garbage again.

        When there are none left, the process ends: the results are committed, and Beam takes a fifth of a second to
        stop its threads.
        """
        gc.freeze()
        gc.enable()
        while self._connection:
            self._connection.send(Ready())
            job: Job | None = self._connection.receive()
            if job is None:
                exit_now(0)
            yield job


def work(connection: WorkerConnection, given: Work[Job]) -> None:
    """Run the graph in this process, which ends with the last job; the command is told when it may not write."""
    logging.basicConfig(level=logging.WARNING, force=True, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _connections[:] = [connection]
    progress.listen(connection.send)
    try:
        with new_pipeline([_IN_MEMORY, _UNCHECKED]) as pipeline:
            start = pipeline | "Start" >> beam.Create([None], reshuffle=False)
            jobs = start | "TakeJobs" >> beam.ParDo(TakeJobsDoFn())
            jobs | "Work" >> given.graph()
    except Exception as error:
        if not (problem := _write_error(error)) or not (sentence := sentence_of(problem)):
            raise
        connection.send(CannotWrite(sentence))


def annotate_video(run: RunFolder, config: RunConfig, job: VideoJob) -> None:
    """The whole graph over one video, in this process; it is committed or rejected when this returns."""
    with new_pipeline([_IN_MEMORY]) as pipeline:
        jobs = pipeline | "Video" >> beam.Create([job], reshuffle=False)
        jobs | "AnnotateVideos" >> AnnotateVideos(run, config, spread=False, scratch=run.work)
    empty_folder(run.batches / job.unit)


def _write_error(error: BaseException | None) -> OSError | None:
    """What was raised because a disk is full or may not be written; where several say so, one that names a file."""
    found: OSError | None = None
    while error is not None:
        if isinstance(error, OSError) and error.errno in CANNOT_WRITE and not (found and found.filename):
            found = error
        error = error.__cause__ or error.__context__
    return found

"""One worker process: a Beam pipeline over the jobs that no other worker has claimed.

Started by :mod:`pipeline.workers` as ``python -m pipeline.worker RUN_DIR``; it ends with its parent.
"""

from __future__ import annotations

import pipeline.lean  # isort: skip  # noqa: F401 - before Beam

import ctypes
import logging
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import NoReturn

import apache_beam as beam
import cv2
import torch
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.annotating import AnnotateVideos, RunFolderFullError
from pipeline.jobs import VideoJob
from pipeline.run_folder import RunFolder
from pipeline.worker_exit import FULL
from pipeline.workload import Workload

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel end this process when its parent ends (Linux prctl(2)); the parent answers Ctrl-C."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def use_one_thread_an_operation() -> None:
    """Fix the arithmetic: an operation split over threads can round differently with another number of threads."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def annotate_jobs(run: RunFolder, workload: Workload) -> None:
    """Run the pipeline in this process."""
    options = PipelineOptions(list(workload.beam_options))
    with beam.Pipeline(runner="FnApiRunner", options=options) as pipeline:
        jobs = pipeline | "ReadVideos" >> beam.Create(list(workload.jobs), reshuffle=False).with_output_types(VideoJob)
        jobs | "AnnotateVideos" >> AnnotateVideos(run, workload.config)


def main(run_dir: str) -> int:
    """Work until no job is left."""
    end_with_parent()
    use_one_thread_an_operation()
    logging.basicConfig(level=logging.WARNING, force=True, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    run = RunFolder(Path(run_dir))
    workload: Workload = pickle.loads((run.work / "workload.pickle").read_bytes())  # noqa: S301 - written by our parent
    try:
        annotate_jobs(run, workload)
    except Exception as error:
        if _caused_by(error, RunFolderFullError):
            return FULL
        raise
    return 0


def _caused_by(error: BaseException | None, kind: type[Exception]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


def leave(status: int) -> NoReturn:
    """End at once: all is written, and to take torch and Beam apart first would take a second."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    leave(main(sys.argv[1]))

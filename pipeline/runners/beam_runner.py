"""The graph on a Beam runner that the user names, with the user's options."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import apache_beam as beam

from pipeline.config import RunConfig
from pipeline.graph import AnnotateVideos
from pipeline.runners.choice import BeamRunner
from pipeline.runners.pipelines import new_pipeline
from pipeline.runs.folder import RunFolder
from pipeline.runs.pending_jobs.files import write_jobs
from pipeline.runs.pending_jobs.transform import ReadInputs
from schemas.jobs import VideoJob
from schemas.remote_paths import AnyPath


def run_graph(runner: BeamRunner, run: RunFolder, config: RunConfig, jobs: Sequence[VideoJob]) -> None:
    """Do all jobs; workers read the videos and write to the run folder by the same absolute paths as here."""
    with run.work_folder("jobs", is_shared=runner.is_cluster) as folder:
        files = write_jobs(folder, jobs)
        if not runner.is_cluster:
            logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # the command says once what a step raises
        with new_pipeline(runner.options) as pipeline:
            add_graph(pipeline, runner, run, config, files)


def add_graph(
    pipeline: beam.Pipeline, runner: BeamRunner, run: RunFolder, config: RunConfig, files: Sequence[AnyPath]
) -> None:
    """Put the graph of all jobs into a pipeline, as ``runner`` needs it; ``files`` hold the jobs."""
    folder = replace(run, path=run.path.absolute())
    names = pipeline | "InputFiles" >> beam.Create(files) | "SpreadFiles" >> beam.Reshuffle()
    videos = names | "ReadInputs" >> ReadInputs() | "SpreadVideos" >> beam.Reshuffle()
    spread, with_hints = runner.is_cluster, runner.chooses_machines
    videos | "AnnotateVideos" >> AnnotateVideos(folder, config, spread, with_hints=with_hints)

"""The graph on a Beam runner that the user names, with the user's options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.config import RunConfig
from pipeline.graph import AnnotateVideos
from pipeline.runners.choice import BeamRunner
from pipeline.runs.folder import RunFolder
from schemas.jobs import VideoJob


def run_graph(runner: BeamRunner, run: RunFolder, config: RunConfig, jobs: Sequence[VideoJob]) -> None:
    """Do all jobs; workers read the videos and write to the run folder by the same absolute paths as here."""
    folder = replace(run, path=run.path.absolute())
    with beam.Pipeline(options=PipelineOptions(list(runner.options))) as pipeline:
        videos = pipeline | "ReadInputs" >> beam.Create(jobs) | "SpreadVideos" >> beam.Reshuffle()
        videos | "AnnotateVideos" >> AnnotateVideos(folder, config, spread=runner.is_cluster)

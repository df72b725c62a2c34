"""Pipelines that leave no folder behind in ``/tmp``, however their process ends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions


@contextmanager
def new_pipeline(options: Sequence[str]) -> Iterator[beam.Pipeline]:
    """A pipeline that runs when the block ends well.

    Beam makes a folder for every pipeline, which only transforms of other languages use, and removes it when the
    pipeline has run: not when its process is killed meanwhile.

    Args:
        options: of Beam, the runner among them.
    """
    with beam.Pipeline(options=PipelineOptions(list(options))) as pipeline:
        shutil.rmtree(pipeline.local_tempdir, ignore_errors=True)
        yield pipeline

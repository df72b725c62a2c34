"""What pipelines leave behind when their command ends early."""

from __future__ import annotations

import tempfile

import apache_beam as beam
import pytest
from apache_beam.runners.runner import PipelineResult, PipelineRunner, PipelineState
from apache_beam.testing.util import assert_that, equal_to

from pipeline.runners.pipelines import new_pipeline

EVENTS: list[str] = []


class InterruptedJob(PipelineResult):
    """A job of a cluster; Ctrl-C comes while it is waited for."""

    def __init__(self) -> None:
        super().__init__(PipelineState.RUNNING)

    def wait_until_finish(self, duration=None):
        EVENTS.append("waited")
        raise KeyboardInterrupt

    def cancel(self):
        EVENTS.append("cancelled")


class InterruptedRunner(PipelineRunner):
    def run_pipeline(self, pipeline, options):
        return InterruptedJob()


def test_an_interrupted_command_cancels_its_job_on_the_cluster(capsys):
    EVENTS.clear()
    with pytest.raises(KeyboardInterrupt), new_pipeline([f"--runner={__name__}.InterruptedRunner"]) as pipeline:
        pipeline | beam.Create(["a"])
    assert EVENTS == ["waited", "cancelled"]
    assert "The runner was asked to cancel its job. If it still shows the job," in capsys.readouterr().err


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(143)])
def test_an_interruption_in_a_step_is_that_of_the_command(interruption):
    def interrupt(_):
        raise interruption

    with pytest.raises(type(interruption)), new_pipeline(["--runner=FnApiRunner"]) as pipeline:
        pipeline | beam.Create(["a"]) | "Interrupt" >> beam.Map(interrupt)


def test_a_pipeline_has_no_folder_even_while_it_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with new_pipeline(["--runner=FnApiRunner"]) as pipeline:
        seen = pipeline | beam.Create(["a"]) | "List" >> beam.Map(lambda _: list(tmp_path.iterdir()))
        assert_that(seen, equal_to([[]]))
    assert not list(tmp_path.iterdir())

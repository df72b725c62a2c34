"""The graph as it is handed to Dataflow, which takes machines by the hints in it."""

from __future__ import annotations

import shutil
import socket
from importlib.util import find_spec

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns

from pipeline.config import load_config
from pipeline.runners.beam_runner import add_graph, run_graph
from pipeline.runners.choice import BeamRunner, choose_runner
from pipeline.runs.folder import RunFolder
from pipeline.runs.pending_jobs.files import write_jobs
from pipeline.terminal.console import UsageProblem
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.video_files import VideoFile

DATAFLOW = (
    "--runner=DataflowRunner", "--project=a-project", "--region=europe-west4", "--temp_location=gs://bucket/temp",
    "--sdk_container_image=registry/pointvos",
)  # fmt: skip
JOB = VideoJob(VideoFile("a", "a.mp4"), (Localization("a", "1", 0, Clicks(((5.0, 5.0),), (1,))),), "0")
MODEL_STAGES = {"LocalizeExpressions", "SegmentLocalizations", "PropagateMasks"}


def settings(**compute):
    places = {"videos": "v", "localizations": "l", "models.segmenter": "grabcut", "models.propagator": "flow"}
    return load_config(None, {**places, **{f"compute.{name}": value for name, value in compute.items()}})


def hints_of_stages(tmp_path, options, config):
    """Full name of a step that runs code → the hints of its environment, as the runner gets them."""
    pipeline = beam.Pipeline(runner="FnApiRunner", options=PipelineOptions([*options[1:]]))
    add_graph(pipeline, runner_of(options), RunFolder(tmp_path), config, write_jobs(tmp_path, [JOB]))
    parts = pipeline.to_runner_api().components
    shutil.rmtree(pipeline.local_tempdir)  # it never runs
    return {
        step.unique_name: {
            urn: hint.decode() for urn, hint in parts.environments[step.environment_id].resource_hints.items()
        }
        for step in parts.transforms.values()
        if step.spec.urn == common_urns.primitives.PAR_DO.urn and step.environment_id
    }


def runner_of(options):
    return BeamRunner(options[0].partition("=")[2], tuple(options))


def stages(names):
    return {name.split("/")[1] for name in names if name.startswith("AnnotateVideos/")}


def test_on_dataflow_the_stages_with_models_ask_for_gpus_and_the_others_do_not(tmp_path):
    config = settings(accelerator="type:nvidia-l4;count:1;install-nvidia-driver", min_ram="16GB")
    found = hints_of_stages(tmp_path, DATAFLOW, config)
    asked = {
        "beam:resources:accelerator:v1": "type:nvidia-l4;count:1;install-nvidia-driver",
        "beam:resources:min_ram_bytes:v1": "16000000000",
    }
    assert stages(name for name, hints in found.items() if hints == asked) == MODEL_STAGES
    others = stages(name for name, hints in found.items() if not hints)
    assert others >= {"SkipCommitted", "SplitObjects", "ResolveOverlaps", "SamplePoints", "WriteTables"}
    assert not others & MODEL_STAGES


def test_runners_that_take_no_machines_get_no_hints(tmp_path):
    options = ("--runner=PortableRunner", "--job_endpoint=localhost:8099")
    found = hints_of_stages(tmp_path, options, settings(min_ram="16GB"))
    assert stages(found) >= MODEL_STAGES
    assert not any(found.values())


def test_dataflow_translates_the_graph_without_submitting_it(tmp_path):
    pytest.importorskip("apitools", reason="needs pip install 'pointvos[gcp]'")
    runner = choose_runner([*DATAFLOW, "--dry_run=True", "--no_auth"])
    run_graph(runner, RunFolder(tmp_path), settings(min_ram="16GB"), [JOB])


@pytest.mark.skipif(find_spec("apitools") is not None, reason="Google's packages are installed")
def test_dataflow_without_its_packages_is_refused_before_anything_starts():
    with pytest.raises(UsageProblem, match=r"pip install 'pointvos\[gcp\]'"):
        choose_runner(DATAFLOW)


@pytest.mark.parametrize("places", [("gs://bucket/run", "clips"), ("runs/first", "gs://bucket/clips")])
def test_folders_that_workers_on_dataflow_cannot_see_are_refused_before_anything_starts(places):
    with pytest.raises(UsageProblem, match=r"cannot see '(clips|runs/first)'; give it as gs:// or s3://"):
        BeamRunner("DataflowRunner", DATAFLOW).require_usable(*places)
    BeamRunner("DataflowRunner", DATAFLOW).require_usable("gs://bucket/run", "gs://bucket/clips")
    BeamRunner("FlinkRunner", ()).require_usable(*places)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "no host"])
def test_a_job_server_that_nobody_started_is_named_before_anything_starts(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        choose_runner(["--runner=PortableRunner", f"--job_endpoint=127.0.0.1:{port}"]).require_usable("runs/first")
    runner = choose_runner(["--runner=PortableRunner", f"--job_endpoint={host}:{port}"])
    with pytest.raises(UsageProblem, match=f"no job server can be reached at '{host}:{port}' .*--job_endpoint"):
        runner.require_usable("runs/first")


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("accelerator", "gpu", "invalid accelerator 'gpu'; expected e.g. type:nvidia-l4;count:1"),
        ("min_ram", "much", "invalid min_ram 'much'; expected e.g. 16GB"),
    ],
)
def test_a_wrong_hint_is_refused_before_anything_starts(setting, value, said):
    with pytest.raises(UsageProblem, match=said):
        settings(**{setting: value})

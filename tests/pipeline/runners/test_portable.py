"""The portable contract: Beam's own job service and a pool of SDK workers, as Flink, Spark and Dataflow have them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from schemas import tables

REPOSITORY = Path(__file__).resolve().parents[3]
CLUSTER = """
import os, subprocess, sys, tempfile
from concurrent import futures
import grpc
from apache_beam.portability.api import beam_fn_api_pb2_grpc
from apache_beam.runners.portability.local_job_service import LocalJobServicer
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
pool = grpc.server(futures.ThreadPoolExecutor())
port = pool.add_insecure_port("127.0.0.1:0")
servicer = BeamFnExternalWorkerPoolServicer(use_process=False)
beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(servicer, pool)
pool.start()
job_port = LocalJobServicer(tempfile.mkdtemp()).start_grpc_server(0)
options = ["--runner=PortableRunner", f"--job_endpoint=localhost:{job_port}", "--environment_type=EXTERNAL",
           f"--environment_config=localhost:{port}"]
code = subprocess.run([sys.executable, "-m", "pipeline", *sys.argv[1:], "--", *options]).returncode
sys.stdout.flush()
os._exit(code)
"""

ON_S3 = """
import os, subprocess, sys
from collections.abc import Sequence
from pathlib import Path
from tests.object_stores import BUCKET, s3_server

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
cluster, corpus, out, *options = sys.argv[1:]
corpus, out = Path(corpus), Path(out)
with s3_server() as s3:
    for file in (*corpus.rglob("*.mp4"), corpus.parent / "clicks.json"):
        s3.upload_file(str(file), BUCKET, f"in/{file.relative_to(corpus.parent).as_posix()}")
    command = [sys.executable, "-c", cluster, "annotate", f"s3://{BUCKET}/in/corpus",
               "--localizations", f"s3://{BUCKET}/in/clicks.json", "--run", f"s3://{BUCKET}/run", *options]
    code = subprocess.run(command).returncode
    for one in s3.list_objects_v2(Bucket=BUCKET, Prefix="run/").get("Contents", ()):
        file = out / one["Key"].removeprefix("run/")
        file.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(BUCKET, one["Key"], str(file))
os._exit(code)
"""


def contents(run: Path) -> dict[str, bytes]:
    return {str(f.relative_to(run)): f.read_bytes() for f in [*run.rglob("*.parquet"), *run.rglob("*.jpg")]}


def done(command: Sequence[object], **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed, with more settings in its environment."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **settings}
    answer = subprocess.run(
        list(map(str, command)), cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return answer


@pytest.fixture
def alone() -> list[str]:
    """A command prefix: a network of its own, since Beam's servers listen on all interfaces and run what they get."""
    prefix = ["unshare", "--net"]
    if not shutil.which("ip") or subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs to make a network of its own (unshare --net)")
    return prefix


def test_a_job_service_and_a_pool_of_workers_give_the_bytes_of_this_machine(alone, corpus, annotated, fast, tmp_path):
    run, clicks = tmp_path / "run", corpus.parent / "clicks.json"
    command = [
        *alone,
        sys.executable,
        "-c",
        CLUSTER,
        "annotate",
        corpus,
        "--localizations",
        clicks,
        "--run",
        run,
        *fast,
    ]
    answer = done(command)
    assert f"its workers must see {run}" in answer.stdout
    assert contents(run) == contents(annotated)


@pytest.mark.slow
def test_workers_of_a_cluster_read_from_a_store_and_write_to_it(alone, corpus, annotated, fast, tmp_path):
    run = tmp_path / "run"
    command = [*alone, sys.executable, "-c", ON_S3, CLUSTER, corpus, run, *fast]
    done(command, POINTVOS_STATE=str(tmp_path / "state"))
    assert contents(run).keys() == contents(annotated).keys()
    for table in (tables.MASKS, tables.CANDIDATES, tables.REPAIRS, tables.REJECTS):
        assert table.read(run).equals(table.read(annotated)), table.name
    pictures = [name for name in contents(run) if name.endswith(".jpg")]
    assert {name: contents(run)[name] for name in pictures} == {name: contents(annotated)[name] for name in pictures}

"""``python -m tests.cluster.pool ADDRESS``: a pool of Beam workers at one address of this machine.

As ``apache_beam.runners.worker.worker_pool_main``, which listens on all addresses: a machine with several TaskManagers
needs a pool for each. They count their workers alike, so that one that ends would stop the worker of another one.
"""

from __future__ import annotations

import logging
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from apache_beam.portability.api import beam_fn_api_pb2_grpc
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer

from tests.cluster.parts import HERE

if __name__ == "__main__":
    logging.getLogger().setLevel(logging.INFO)
    server = grpc.server(ThreadPoolExecutor())
    pool = BeamFnExternalWorkerPoolServicer(use_process=True, container_executable=str(HERE / "boot.sh"))
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    server.add_insecure_port(sys.argv[1])
    server.start()
    server.wait_for_termination()

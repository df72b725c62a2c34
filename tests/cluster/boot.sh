#!/bin/sh
# Beam's container contract, for machines without containers: start one SDK worker for the runner that asks for it.
# POINTVOS_PYTHON is the Python that has pointvos; POINTVOS_WORKER_LOG takes what workers print, since nobody reads the
# pipe that the worker pool gives them.
for argument in "$@"; do
  case $argument in
    --id=*) export WORKER_ID="${argument#*=}" ;;
    --logging_endpoint=*) export LOGGING_API_SERVICE_DESCRIPTOR="url: \"${argument#*=}\"" ;;
    --control_endpoint=*) export CONTROL_API_SERVICE_DESCRIPTOR="url: \"${argument#*=}\"" ;;
  esac
done
exec "$POINTVOS_PYTHON" -m apache_beam.runners.worker.sdk_worker_main >>"$POINTVOS_WORKER_LOG" 2>&1

# Worker of a Beam runner and command line of pointvos; see docs/cluster.md.
#   docker build -t pointvos .
#   docker build --build-arg BASE=nvidia/cuda:13.0.1-base-ubuntu22.04 -t pointvos-cuda .
#   docker build --build-arg EXTRAS=gcp -t pointvos-gcp .
ARG BASE=python:3.11-slim-bookworm
ARG BEAM=2.77.0

FROM apache/beam_python3.11_sdk:${BEAM} AS beam

FROM ${BASE}
# Bases without Python 3.11 take it from their distribution.
RUN command -v python3.11 || { apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3.11 python3.11-venv ca-certificates && \
    rm -rf /var/lib/apt/lists/*; }
WORKDIR /opt/pointvos
RUN python3.11 -m venv .venv
ENV PATH=/opt/pointvos/.venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock ./
RUN pip install --no-deps --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-deps --no-build-isolation --editable .
# Packages for object stores and Dataflow: gcp, aws. They bring their own, beside those of the lock.
ARG EXTRAS=
RUN test -z "$EXTRAS" || pip install --no-build-isolation --editable ".[$EXTRAS]"

# Beam's boot program starts workers; they run in this environment, not in one that it makes for each worker.
COPY --from=beam /opt/apache/beam /opt/apache/beam
ENV RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1 OMP_NUM_THREADS=1 \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
# Beam's boot program writes into the folder that it is started in.
RUN useradd --create-home pointvos
USER pointvos
WORKDIR /home/pointvos
ENTRYPOINT ["/opt/apache/beam/boot"]

"""Settings that hold a limit of memory: what changes no result gives way first, then what costs time, then quality."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import product

import psutil

from pipeline.capacity.estimate import Estimate, estimate, planned_jobs
from pipeline.capacity.footage import Footage, probe_videos
from pipeline.capacity.needs import objects_at_once, uses_gpu
from pipeline.config import Models, RunConfig, with_compute
from pipeline.runs.inputs import RunInputs
from pipeline.terminal.console import UsageProblem, errors
from stages.backends.cutie.limits import Limits

_MOST_THREADS = 2
_FREE_SHARE = 0.8
"""Of the free memory, for workers: other programs grow too."""
_SMALLER = {"embedded": "embedded_fast"}
_CUTIE_LIMITS = ((0, 0), (0, 5), (384, 5), (288, 4), (192, 4))
"""Shorter side in pixels and frames remembered, from Cutie's own to the least that is of use."""


def fit(footage: Sequence[Footage], config: RunConfig, most_bytes: float) -> RunConfig:
    """The settings nearest to ``config`` with which a run stays below ``most_bytes`` of memory, and of GPU memory.

    Threads give way first, then workers, then all objects at once, then the size at which models look at frames.

    Raises:
        UsageProblem: none does; the message says what the least would be.
    """
    least = float("inf")
    for candidate in _candidates(footage, config):
        needed = _memory(estimate(footage, candidate))
        if needed <= most_bytes:
            return candidate
        least = min(least, needed)
    raise UsageProblem(
        f"no setting fits into {most_bytes / 1e9:.2f} GB: these videos need at least {least / 1e9:.2f} GB; "
        "raise --max-memory, or choose smaller models (pointvos plan --help)"
    )


def within_budget(config: RunConfig, inputs: RunInputs) -> RunConfig:
    """The config, fitted to its ``max_memory`` if there is one; what was chosen is printed.

    All videos count, those that are done too, so that the same command chooses the same again.

    Raises:
        UsageProblem: the limit is not a size, or nothing fits into it.
    """
    if not config.compute.max_memory:
        return config
    try:
        most_bytes = parse_size(config.compute.max_memory)
    except ValueError as problem:
        raise UsageProblem(f"--max-memory: {problem}") from None
    footage = probe_videos(inputs.jobs(config))
    config = with_workers(footage, config)
    fitted = fit(footage, config, most_bytes)
    chosen = changes(config, fitted) or "no settings changed"
    errors.print(f"Settings for {config.compute.max_memory} of memory: {chosen}.")
    return fitted


def with_workers(footage: Sequence[Footage], config: RunConfig) -> RunConfig:
    """The config with as many workers as cores and free memory allow, one thread each, where none were asked for.

    A single worker uses two threads where it has two cores, and on a GPU one worker feeds the models. Neither number
    changes a result.
    """
    compute, cores = config.compute, n_cores()
    n_workers = compute.workers
    if n_workers is None and not uses_gpu(compute.device):
        n_jobs = len(planned_jobs(footage, config))
        n_workers = max(1, min(cores // compute.n_threads, n_jobs, _n_fitting(footage, config)))
    n_threads = compute.threads or max(1, min(_MOST_THREADS, cores // (n_workers or 1)))
    return with_compute(config, workers=n_workers or 1, threads=n_threads)


def with_one_worker(config: RunConfig) -> RunConfig:
    """The config for work on one video at a time: one worker, with two threads where it has two cores."""
    return with_workers((), with_compute(config, workers=1))


def changes(before: RunConfig, after: RunConfig) -> str:
    """What was changed, for people; empty when nothing was."""
    old, new = ({**asdict(config.models), **asdict(config.compute)} for config in (before, after))
    named = {**old.pop("limits"), **old}, {**new.pop("limits"), **new}
    return ", ".join(f"{name} {value or 'all'}" for name, value in named[1].items() if value != named[0][name])


def parse_size(text: str) -> float:
    """Bytes of a size such as ``4GB``, ``500 MB`` or ``1.5GiB``.

    Raises:
        ValueError: it is none.

    >>> parse_size("4GB"), parse_size("0.5 gib")
    (4000000000.0, 536870912.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt])(i?)b?", text.strip(), flags=re.IGNORECASE)
    if found is None:
        raise ValueError(f"invalid size {text!r}; expected e.g. 4GB, 500MB or 1.5GiB")
    number, unit, binary = found.groups()
    power = "kmgt".index(unit.lower()) + 1
    return float(number) * float((1024 if binary else 1000) ** power)


def _candidates(footage: Sequence[Footage], config: RunConfig) -> Iterator[RunConfig]:
    """From what was asked for to the least; the last of the product gives way first."""
    compute = config.compute
    workers, threads = range(compute.n_workers, 0, -1), sorted({compute.n_threads, 1}, reverse=True)
    sizes, chunks = _sizes(config.models), _chunks(footage, config)
    for models, most, n_workers, n_threads in product(sizes, chunks, workers, threads):
        yield replace(
            config,
            models=replace(models, objects_a_pass=most or models.objects_a_pass),
            compute=replace(compute, workers=n_workers, threads=n_threads),
        )


def _sizes(models: Models) -> Iterator[Models]:
    if models.propagator.startswith("cutie") and models.limits == Limits():
        for short_side_px, memory_frames in _CUTIE_LIMITS:
            yield replace(models, limits=Limits(short_side_px, memory_frames))
        return
    yield models
    smaller = (_SMALLER.get(models.segmenter, models.segmenter), _SMALLER.get(models.propagator, models.propagator))
    if smaller != (models.segmenter, models.propagator):
        yield replace(models, segmenter=smaller[0], propagator=smaller[1])


def _chunks(footage: Sequence[Footage], config: RunConfig) -> list[int]:
    """0 for as many objects at once as were asked for, then half of the most that there are, a quarter ... one."""
    most = max((objects_at_once(one, config) for one in footage), default=0)
    return [0, *(-(-most // 2**k) for k in range(1, most.bit_length() + 1))]


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _n_fitting(footage: Sequence[Footage], config: RunConfig) -> int:
    """Workers whose largest videos fit into the memory that is free."""
    one = estimate(footage, with_compute(config, workers=1, threads=config.compute.n_threads))
    free = _FREE_SHARE * psutil.virtual_memory().available - (one.main_bytes - one.worker_bytes)
    return int(free // one.worker_bytes) if one.worker_bytes else len(footage)


def _memory(found: Estimate) -> float:
    return max(found.main_bytes, found.gpu_bytes)

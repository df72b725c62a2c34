"""Graphs over the tables of a run: in this process, or on the Beam runner that the command line names."""

from __future__ import annotations

import pipeline.runners.beam_import  # isort: skip  # noqa: F401 - before Beam

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import apache_beam as beam
import click
from apache_beam.pvalue import PBegin
from pydantic import TypeAdapter

from pipeline.runners.choice import IN_PROCESS, BeamRunner, choose_runner
from pipeline.runners.pipelines import new_pipeline
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem, WorkProblem, console
from pipeline.terminal.problems import sentence_of
from schemas.remote_paths import AnyPath
from schemas.tables import TableSchemaError

_ERROR_LENGTH = 600
"""Of a runner's own words."""

Result = TypeVar("Result")


def run_table_graph(run: RunFolder, graph: beam.PTransform[PBegin, Any], label: str) -> None:
    """Run a graph where the options after ``--`` of the command line say; without any, in this process.

    Raises:
        UsageProblem: the options name no runner that can do it.
        WorkProblem: another runner failed.
        Exception: what a step of this process raised, as it was raised.
    """
    runner = _chosen_runner()
    options = runner.options if runner else [f"--runner={IN_PROCESS}"]
    if runner and runner.is_cluster:
        runner.require_usable(run)
        console.print(f"Running on {runner.name}: its workers must see {run.path.absolute()} by the same path.")
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # what a step raises is said once, by the command
    try:
        with new_pipeline(options) as pipeline:
            pipeline | label >> graph
    except Exception as problem:
        if known := _cause(problem):
            raise known from None
        if runner is None:
            raise
        raise WorkProblem(
            f"runner {runner.name} failed ({type(problem).__name__}: {str(problem).strip()[:_ERROR_LENGTH]}); "
            "run the same command again"
        ) from problem


@contextmanager
def result_folder(run: RunFolder) -> Iterator[AnyPath]:
    """A folder for small results, removed when the block ends: one of this machine, or one that a cluster can see."""
    runner = _chosen_runner()
    if runner is None or not runner.is_cluster:
        with TemporaryDirectory(prefix="pointvos-") as name:
            yield Path(name)
        return
    with run.work_folder(f"results-{secrets.token_hex(4)}", is_shared=True) as folder:
        yield folder


@contextmanager
def work_folder(run: RunFolder, name: str) -> Iterator[AnyPath]:
    """A folder for what steps leave to each other, removed when the block ends; hold the lock of the run."""
    runner = _chosen_runner()
    with run.work_folder(name, is_shared=runner is not None and runner.is_cluster) as folder:
        yield folder


def results(path: AnyPath, kind: type[Result]) -> list[Result]:
    """What ``CollectResults`` wrote."""
    return TypeAdapter(list[kind]).validate_json(path.read_bytes())  # type: ignore[valid-type]


def is_elsewhere() -> bool:
    """Whether the command line names a Beam runner, which then does the work."""
    return _chosen_runner() is not None


def _chosen_runner() -> BeamRunner | None:
    context = click.get_current_context(silent=True)
    return choose_runner(context.args if context else [])


def _cause(problem: BaseException | None) -> BaseException | None:
    """What a step raised that the command line has words for; Beam raises another of its kind, with more words."""
    found = None
    while problem is not None:
        is_known = isinstance(problem, UsageProblem | WorkProblem | TableSchemaError) or (
            isinstance(problem, Exception) and sentence_of(problem)
        )
        if is_known and not (_names_a_file(found) and not _names_a_file(problem)):
            found = problem
        problem = problem.__cause__ or problem.__context__
    return found


def _names_a_file(problem: BaseException | None) -> bool:
    return isinstance(problem, OSError) and bool(problem.filename)

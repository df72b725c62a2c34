"""Whether tables of a run can be read, and were made with its settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.remote_paths import AnyPath
from schemas.tables import DamagedTableError, Table, TableSchemaError, marks_of


def unit_problem(run: RunFolder, table: Table[Any], stem: str, file: AnyPath) -> str | None:
    """Why the rows of a unit are of no use; ``file`` is the one that it is in, or would be."""
    found = next((f for f in table.joined(run.path) if stem in f.units and not file.is_file()), None)
    return _problem(run, table, found.path if found else file, lambda: table.read_unit(run.path, stem))


def file_problem(run: RunFolder, table: Table[Any], file: AnyPath, is_made_by_config: bool = True) -> str | None:
    """Why a file is of no use; a file by another config only matters where the config decides what is in it."""
    return _problem(run, table, file, lambda: table.read_files([file]), is_made_by_config)


def _problem(
    run: RunFolder, table: Table[Any], file: AnyPath, read: Callable[[], Any], is_made_by_config: bool = True
) -> str | None:
    try:
        rows = read()
        if table is not tables.LOCALIZATIONS:
            table.records(rows)
    except DamagedTableError as problem:
        return str(problem) if str(file) in str(problem) else f"{file}: {problem}"
    except TableSchemaError as problem:
        return str(problem)
    found, own = marks_of(file).get("pointvos.config_hash"), _config_hash(run)
    if is_made_by_config and own and found != own:
        return f"{file} was made with other settings (config {found}; this run has {own})"
    return None


def _config_hash(run: RunFolder) -> str | None:
    try:
        return run.metadata()["pointvos.config_hash"]
    except (UsageProblem, OSError):
        return None

"""Localizations from a local path, or from a store through a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.runs.storage import copy_object, is_remote, require_packages
from pipeline.runs.stores import find
from pipeline.terminal.console import UsageProblem
from schemas.localizations import Localization
from schemas.rejects import Reject
from stages.ingest.corrections import read_click_corrections
from stages.ingest.errors import IngestError
from stages.ingest.registry import read_localizations

Found = tuple[list[Localization], list[Reject]]
"""Localizations, and what was rejected."""


def read_hints(source: str, fmt: str) -> Found:
    """Localizations and what was rejected, by the addresses that they were read from.

    Raises:
        UsageProblem: they cannot be read.
    """
    return _read(source, partial(read_localizations, fmt=fmt))


def read_corrections(source: str) -> Found:
    """Clicks that correct masks, likewise."""
    return _read(source, read_click_corrections)


def _read(source: str, read: Callable[[str | Path], Found]) -> Found:
    try:
        if not is_remote(source):
            return read(source)
        with _copied(source) as copy:
            return _read_copy(copy, source, read)
    except (IngestError, OSError) as problem:
        raise UsageProblem(str(problem)) from None


def _read_copy(copy: Path, source: str, read: Callable[[str | Path], Found]) -> Found:
    def named(text: str) -> str:
        return text.replace(str(copy), source.rstrip("/"))

    try:
        localizations, rejects = read(copy)
    except IngestError as problem:
        raise UsageProblem(named(str(problem))) from None
    return (
        [replace(one, input_uri=named(one.input_uri)) for one in localizations],
        [replace(r, key=named(r.key), detail=named(r.detail), input_uri=named(r.input_uri)) for r in rejects],
    )


@contextmanager
def _copied(source: str) -> Iterator[Path]:
    """A file or folder of a store, copied for the block under its own name.

    Raises:
        UsageProblem: nothing is there, or there is no room for it here.
    """
    require_packages(source.partition("://")[0], f"localizations {source!r}")
    found, base = find(source), source.rstrip("/")
    if not found:
        raise UsageProblem(f"there is no localization file or folder {source!r}")
    with TemporaryDirectory(prefix="pointvos-hints-") as folder:
        needed, free = sum(one.st_size for one in found), shutil.disk_usage(folder).free
        if needed > free:
            raise UsageProblem(f"localizations {source!r} have {needed:,} bytes, {free:,} are free in {folder}")
        copy = Path(folder, base.rpartition("/")[2])
        for one in found:
            file = copy / one.address.removeprefix(base).lstrip("/") if one.address != base else copy
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as target:
                copy_object(one.address, target)
        yield copy

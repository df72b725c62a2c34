"""The jobs of a command in files that workers of a cluster read: the job graph holds the names of the files alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, get_args

from schemas.jobs import VideoJob
from schemas.localizations import Hint, Localization
from schemas.remote_paths import AnyPath
from schemas.video_files import VideoFile
from schemas.whole_files import write_whole

JOBS_A_FILE = 100
_HINTS: dict[str, Any] = {hint.kind: hint for hint in get_args(Hint)}


def write_jobs(folder: AnyPath, jobs: Sequence[VideoJob]) -> list[AnyPath]:
    """Write jobs in their order; gives the files.

    Raises:
        OSError: they cannot be written.
    """
    files: list[AnyPath] = []
    for start in range(0, len(jobs), JOBS_A_FILE):
        files.append(folder / f"{start // JOBS_A_FILE:06d}.json")
        content = json.dumps([_document(job) for job in jobs[start : start + JOBS_A_FILE]])
        write_whole(files[-1], content.encode())
    return files


def read_jobs(file: AnyPath) -> list[VideoJob]:
    """The jobs of one file, equal to those that were written.

    Raises:
        OSError: it cannot be read.
    """
    return [_job(document) for document in json.loads(file.read_bytes())]


def _document(job: VideoJob) -> dict[str, Any]:
    document = asdict(job)
    for values, localization in zip(document["localizations"], job.localizations, strict=True):
        values["hint"]["kind"] = localization.hint.kind
    return document


def _job(document: dict[str, Any]) -> VideoJob:
    file = VideoFile(**{name: _tuples(value) for name, value in document["file"].items()})
    return VideoJob(file, tuple(map(_localization, document["localizations"])), document["unit"])


def _localization(values: dict[str, Any]) -> Localization:
    given = values.pop("hint")
    hint = _HINTS[given.pop("kind")](**{name: _tuples(value) for name, value in given.items()})
    return Localization(hint=hint, **{name: _tuples(value) for name, value in values.items()})


def _tuples(value: Any) -> Any:
    """JSON lists as the tuples that they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value

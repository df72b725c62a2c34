"""The outcome of a job according to the run folder, the only authority."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from pipeline.terminal.console import WorkProblem
from schemas import tables
from schemas.jobs import VideoJob


def require_finished(run: RunFolder, jobs: Iterable[VideoJob]) -> None:
    """Make sure that no video was lost on the way.

    Raises:
        WorkProblem: some videos are neither committed nor rejected.
    """
    done, begun, rejected = (
        set(table.stems(run.path)) for table in (tables.VIDEOS, tables.LOCALIZATIONS, tables.REJECTS)
    )
    finished = done | (rejected - begun)
    open_ids = [job.video_id for job in jobs if unit_name(job.video_id, job.unit) not in finished]
    if open_ids:
        some = ", ".join(open_ids[:3]) + (" …" if len(open_ids) > 3 else "")
        raise WorkProblem(
            f"videos that were neither finished nor rejected: {len(open_ids)} ({some}); run the same command again"
        )

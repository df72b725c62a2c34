"""What became of a job, as the run folder says: nothing else is believed."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.console import WorkProblem
from pipeline.run_folder import UNIT_TABLES, RunFolder, unit_name
from schemas import tables
from schemas.jobs import VideoJob


def is_committed(run: RunFolder, job: VideoJob) -> bool:
    """Whether the tables of a video are whole."""
    return run.table_file(tables.VIDEOS, unit_name(job.video_id, job.unit)).exists()


def is_settled(run: RunFolder, job: VideoJob) -> bool:
    """Whether a video is committed, or rejected as a whole."""
    stem = unit_name(job.video_id, job.unit)
    return is_committed(run, job) or run.table_file(tables.REJECTS, stem).exists()


def drop_unfinished(run: RunFolder, jobs: Iterable[VideoJob]) -> None:
    """Remove what attempts that were cut off left of videos that were rejected in the end; the reject stays."""
    for job in jobs:
        if not is_committed(run, job):
            for table in UNIT_TABLES:
                if table is not tables.REJECTS:
                    run.table_file(table, unit_name(job.video_id, job.unit)).unlink(missing_ok=True)


def require_settled(run: RunFolder, jobs: Iterable[VideoJob]) -> None:
    """Make sure that no video was lost on the way.

    Raises:
        WorkProblem: some videos are neither committed nor rejected.
    """
    open_ids = [job.video_id for job in jobs if not is_settled(run, job)]
    if open_ids:
        some = ", ".join(open_ids[:3]) + (" …" if len(open_ids) > 3 else "")
        raise WorkProblem(
            f"videos that were neither finished nor rejected: {len(open_ids)} ({some}); run the same command again"
        )

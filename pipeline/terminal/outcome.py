"""What ``pointvos annotate`` says in the end: what there is now, what was rejected and why, and what to do next."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runs.folder import RunFolder
from pipeline.runs.inputs import JobList
from pipeline.statistics.cut_losses import lost_in_run
from pipeline.terminal.console import quoted, show_rejects, summary
from schemas import tables
from schemas.remote_paths import AnyPath


def show_outcome(folder: RunFolder, job_list: JobList, seconds: float) -> int:
    """Print the summary of a run; the number of rejects.

    Args:
        folder: the run.
        job_list: what was to do.
        seconds: that it took.
    """
    videos = tables.VIDEOS.read(folder.path, columns=["video_id", "n_frames", "n_objects"])
    n_candidates = tables.CANDIDATES.n_rows(folder.path)
    rejects = [r for r in tables.REJECTS.records(tables.REJECTS.read(folder.path)) if r.stage != "review"]
    rows: list[tuple[str, object]] = [("videos", _videos(videos.num_rows, job_list))]
    if videos.num_rows:
        rows += [
            ("objects", pc.sum(videos["n_objects"]).as_py()),
            ("masks", tables.MASKS.n_rows(folder.path)),
            *_cut_off(folder),
            ("repaired", _repaired(folder)),
            ("candidates", n_candidates),
            *_pace(videos, job_list, seconds),
        ]
    rows += [("skipped", job_list.skipped)] if job_list.skipped else []
    rows.append(("run folder", folder.path))
    summary(headline(videos.num_rows, n_candidates), [*rows, *(_next_steps(folder.path) if n_candidates else [])])
    show_rejects(
        rejects, f"full list: {folder.path / tables.REJECTS.name}, or pointvos report --run {quoted(folder.path)}"
    )
    return len(rejects)


def headline(n_videos: int, n_candidates: int) -> str:
    """Whether there is something to look at.

    >>> headline(0, 0), headline(2, 0), headline(2, 400)
    ('Nothing was annotated', 'Annotated, but there is nothing to verify: no candidates', 'Annotated')
    """
    if not n_videos:
        return "Nothing was annotated"
    return "Annotated" if n_candidates else "Annotated, but there is nothing to verify: no candidates"


def _videos(n_done: int, job_list: JobList) -> str:
    n_before = len(job_list.jobs) - len(job_list.open_jobs)
    text = f"{n_done:,} done" + (f", {n_before:,} of them previously" if n_before else "")
    n_failed = len(job_list.jobs) - n_done
    return text + (f", {n_failed:,} rejected" if n_failed > 0 else "")


def _repaired(folder: RunFolder) -> str:
    outcomes = tables.REPAIRS.read(folder.path, columns=["outcome"])["outcome"].to_pylist()
    return f"{outcomes.count('accepted'):,} of {len(outcomes):,} low-quality masks"


def _cut_off(folder: RunFolder) -> list[tuple[str, object]]:
    n = lost_in_run(folder)
    return (
        [("no masks", f"{n:,} object-frames in shots without a hint for the object: masks end at a cut")] if n else []
    )


def _pace(videos: pa.Table, job_list: JobList, seconds: float) -> list[tuple[str, object]]:
    wanted = {job.video_id for job in job_list.open_jobs}
    done = zip(videos["video_id"].to_pylist(), videos["n_frames"].to_pylist(), strict=True)
    n_frames = sum(count for video_id, count in done if video_id in wanted)
    return [("time", f"{seconds:.1f} s, {n_frames / max(seconds, 1e-9):.1f} frames/s")] if n_frames else []


def _next_steps(run: AnyPath) -> list[tuple[str, object]]:
    return [
        ("view it", f"pointvos report --run {quoted(run)}"),
        ("verify it", f"pointvos review up --run {quoted(run)}"),
    ]

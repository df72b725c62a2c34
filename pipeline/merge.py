"""``pointvos merge``: verdicts and candidates become points."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from pipeline.console import UsageProblem, console, summary
from pipeline.run_folder import RunFolder
from pipeline.units import object_models, object_words, unit_file, unit_records, videos_of
from schemas import tables
from schemas.points import PointLabel
from schemas.reviews import Verdict
from schemas.videos import Video
from stages.merge.merging import ObjectFacts, group_verdicts, merge_points


def merge(
    run: Annotated[Path, typer.Option("--run", help="Run folder.", show_default=False)],
    val_share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the videos in the val split.")] = 0.1,
) -> None:
    """Join verdicts and candidates into **points**, the training dataset.

    The latest verdict of each annotator counts; of several annotators the majority, and a tie is AMBIGUOUS. Where a
    person answered, the simulated annotator is not heard. A candidate without a verdict gives no point. Run it again
    whenever verdicts were added: it makes `points/` anew.

    Example: `pointvos merge --run runs/demo`
    """
    folder = RunFolder(run).require()
    with folder.lock():
        verdicts = group_verdicts(tables.VERDICTS.records(tables.VERDICTS.read(folder.path)))
        if not verdicts:
            raise UsageProblem(f"run {run} has no verdicts; get some with: pointvos review … or pointvos simulate …")
        statuses, n_candidates = _merge_all(folder, verdicts, val_share)
    n_points = sum(statuses.values())
    summary(
        f"Points of {run}",
        [
            ("candidates", n_candidates),
            ("answered", n_points),
            *sorted(statuses.items()),
            ("verdicts on other candidates", len(verdicts) - n_points),
            ("points in", folder.path / tables.POINTS.name),
        ],
    )
    console.print(f"Next: pointvos export --run {run} --format pointvos --out DIR")


def _merge_all(folder: RunFolder, verdicts: dict[str, list[Verdict]], val_share: float) -> tuple[Counter[str], int]:
    statuses: Counter[str] = Counter()
    n_candidates = 0
    written: set[Path] = set()
    metadata = folder.metadata()
    for video in videos_of(folder):
        candidates = unit_records(folder, tables.CANDIDATES, video)
        n_candidates += len(candidates)
        points: list[PointLabel] = merge_points(candidates, verdicts, _facts(folder, video), video.time_s, val_share)
        statuses.update(point.status for point in points)
        if points:
            file = unit_file(folder, tables.POINTS, video)
            tables.POINTS.write(file, points, metadata)
            written.add(file)
    for stale in set((folder.path / tables.POINTS.name).glob("*.parquet")) - written:
        stale.unlink()
    return statuses, n_candidates


def _facts(folder: RunFolder, video: Video) -> dict[str, ObjectFacts]:
    words = object_words(folder, video)
    segmenters, propagators = (object_models(folder, video, source) for source in ("segmenter", "propagator"))
    return {
        object_id: ObjectFacts(
            *words.get(object_id, ("", "")), segmenters.get(object_id, ""), propagators.get(object_id, "")
        )
        for object_id in {*words, *segmenters, *propagators}
    }

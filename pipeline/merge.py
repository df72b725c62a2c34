"""``pointvos merge``: verdicts and candidates become points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.console import UsageProblem, console, summary
from pipeline.run_folder import RunFolder
from pipeline.units import object_models, object_words, unit_file, unit_records, videos_of
from pipeline.verdicts import RunVerdicts
from schemas import tables
from schemas.points import PointLabel
from schemas.reviews import Verdict
from schemas.videos import Video
from stages.agree.dawid_skene import dawid_skene
from stages.agree.votes import Votes
from stages.merge.merging import ObjectFacts, merge_points
from stages.merge.opinions import Opinion, majority


class ConsensusRule(StrEnum):
    """How the answers of several annotators come to one."""

    MAJORITY = "majority"
    DAWID_SKENE = "dawid_skene"


def merge(
    run: Annotated[Path, typer.Option("--run", help="Run folder.", show_default=False)],
    val_share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the videos in the val split.")] = 0.1,
    consensus: Annotated[
        ConsensusRule, typer.Option(help="dawid_skene weighs each annotator by how reliable the answers show them.")
    ] = ConsensusRule.MAJORITY,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Annotator who is not heard; repeat it for several.", metavar="ANNOTATOR")
    ] = None,
) -> None:
    """Join verdicts and candidates into **points**, the training dataset.

    The latest verdict of each annotator counts; of several annotators the majority, and a tie is AMBIGUOUS. Where a
    person answered, the simulated annotator is not heard. A candidate without a verdict gives no point, and answers to
    hidden gold never become points. Run it again whenever verdicts were added, or with `--exclude` after
    `pointvos review audit` showed somebody's answers to be worthless: it makes `points/` anew.

    Example: `pointvos merge --run runs/demo`
    """
    folder = RunFolder(run).require()
    with folder.lock():
        counted = _counted(folder, exclude or [])
        opinions = _opinions(counted, consensus)
        statuses, n_candidates = _merge_all(folder, opinions, val_share)
    n_points = sum(statuses.values())
    summary(
        f"Points of {run}",
        [
            ("candidates", n_candidates),
            ("answered", n_points),
            *sorted(statuses.items()),
            ("verdicts on other candidates", len(opinions) - n_points),
            ("points in", folder.path / tables.POINTS.name),
        ],
    )
    console.print(f"Next: pointvos export --run {run} --format pointvos --out DIR")


def _counted(folder: RunFolder, excluded: Sequence[str]) -> dict[str, list[Verdict]]:
    """The verdicts that count on candidates of the run.

    Raises:
        UsageProblem: nobody has answered, or an excluded annotator is not among those who did.
    """
    verdicts = RunVerdicts.of(folder)
    if not verdicts.given:
        raise UsageProblem(
            f"run {folder.path} has no verdicts; get some with: pointvos review … or pointvos simulate …"
        )
    verdicts.require_annotators(excluded)
    counted = verdicts.deciding(excluded)
    if not counted:
        raise UsageProblem("no verdict is left when these annotators are excluded; exclude fewer")
    return counted


def _opinions(counted: Mapping[str, Sequence[Verdict]], rule: ConsensusRule) -> dict[str, Opinion]:
    if rule is ConsensusRule.MAJORITY:
        return majority(counted)
    statuses = dawid_skene(Votes.of(verdict for group in counted.values() for verdict in group)).statuses()
    return {candidate_id: Opinion(statuses[candidate_id], len(group)) for candidate_id, group in counted.items()}


def _merge_all(folder: RunFolder, opinions: Mapping[str, Opinion], val_share: float) -> tuple[Counter[str], int]:
    statuses: Counter[str] = Counter()
    n_candidates = 0
    written: set[Path] = set()
    metadata = folder.metadata()
    for video in videos_of(folder):
        candidates = unit_records(folder, tables.CANDIDATES, video)
        n_candidates += len(candidates)
        points: list[PointLabel] = merge_points(candidates, opinions, _facts(folder, video), video.time_s, val_share)
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

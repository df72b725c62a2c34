"""``pointvos merge``: verdicts and candidates become points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from enum import StrEnum
from functools import partial
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import typer

from pipeline.commands.options import Run
from pipeline.runs.folder import RunFolder
from pipeline.runs.partitioning import VerdictPartitioner, n_parts, verdict_rows
from pipeline.runs.points import WrittenPoints
from pipeline.runs.ranges import in_ranges, video_keys
from pipeline.runs.splits import SplitOf, splits_of
from pipeline.runs.verdicts import require_annotators
from pipeline.terminal.bar import bar
from pipeline.terminal.console import UsageProblem, console, quoted, summary
from schemas import tables
from schemas.remote_paths import AnyPath
from schemas.wording import many
from stages.consensus.aggregation import AggregatedCounts
from stages.consensus.points import split_of as hashed_split
from stages.progress import counted_by

_VAL_SHARE = 0.1


class ConsensusRule(StrEnum):
    """How the answers of several annotators come to one."""

    MAJORITY = "majority"
    DAWID_SKENE = "dawid_skene"


def merge(
    run: Run,
    val_share: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of the videos in the val split, where `pointvos split` made none.",
            show_default="0.1",
        ),
    ] = None,
    consensus: Annotated[
        ConsensusRule, typer.Option(help="dawid_skene weighs each annotator by the reliability that the answers show.")
    ] = ConsensusRule.MAJORITY,
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="Ignore the verdicts of this annotator; may be repeated.", metavar="ANNOTATOR"),
    ] = None,
) -> None:
    """Join verdicts and candidates into **points**, the training dataset.

    The latest verdict of each annotator counts; of several annotators the majority, and a tie is AMBIGUOUS. A second
    look replaces the answer of one person. Human verdicts override simulated ones, and an adjudication overrides all. A
    candidate without a verdict gives no point, and answers to hidden gold questions never become points. Run the
    command again whenever verdicts were added, or with `--exclude` when `pointvos review audit` shows that an
    annotator's answers are unreliable: it rewrites `points/`.

    With `dawid_skene`, two differing answers are AMBIGUOUS too, unless gold questions show that one of the two
    annotators is clearly more accurate: two answers alone cannot tell who is wrong.

    Example: `pointvos merge --run runs/demo`
    """
    folder = run.require()
    excluded = exclude or []
    from pipeline.runners.table_runner import work_folder

    with folder.lock():
        _require_verdicts(folder, excluded)
        split_of = _split_of(folder, val_share)
        with work_folder(folder, "merge") as work:
            aggregated, written = _merge(folder, work, split_of, consensus, excluded)
        _drop_stale(folder, {file for found in written for file in found.files})
    statuses = sum((Counter(found.statuses) for found in written), Counter[str]())
    n_points, n_conflicts = statuses.total(), sum(found.n_conflicts for found in aggregated)
    n_copied = sum(found.n_copied for found in written)
    summary(
        f"Points of {run}",
        [
            ("candidates", sum(found.n_candidates for found in written)),
            ("answered", n_points),
            *sorted(statuses.items()),
            ("with a second look", sum(found.n_looked_again for found in aggregated)),
            ("adjudicated", sum(found.n_adjudicated for found in aggregated)),
            ("conflicts left", n_conflicts),
            ("verdicts on other candidates", sum(found.n_opinions for found in aggregated) - n_points),
            *([("points of duplicate object names", n_copied)] if n_copied else []),
            ("points in", folder.path / tables.POINTS.name),
        ],
    )
    if n_conflicts:
        console.print(f"Have the conflicts adjudicated: pointvos review push --run {quoted(run)} --design adjudication")
    console.print(f"Next: pointvos export --run {quoted(run)} --format pointvos --out DIR")


def _require_verdicts(folder: RunFolder, excluded: Sequence[str]) -> None:
    """Raise UsageProblem when no verdict is left, or an excluded annotator is not among those who answered."""
    annotators: set[str] = set()
    is_any_left = False
    golds = tables.GOLD.read(folder.path, columns=["candidate_id"])["candidate_id"]
    for rows in verdict_rows(folder, ["annotator", "candidate_id"]):
        annotators.update(rows["annotator"].unique().to_pylist())
        if not is_any_left:
            ignored = pc.or_(
                pc.is_in(rows["annotator"], pa.array(list(excluded), pa.string())),
                pc.is_in(rows["candidate_id"], golds),
            )
            is_any_left = not pc.all(ignored).as_py()
    if not annotators:
        raise UsageProblem(
            f"run {folder.path} has no verdicts; get some with: pointvos review … or pointvos simulate …"
        )
    require_annotators(annotators, excluded)
    if not is_any_left:
        raise UsageProblem("excluding these annotators leaves no verdict; exclude fewer")


def _split_of(folder: RunFolder, val_share: float | None) -> SplitOf:
    """From ``splits/`` where it is there, which then must know all videos; else by a hash of the id.

    Raises:
        UsageProblem: a video has no split, or a share is given beside the splits.
    """
    found = splits_of(folder)
    if not found:
        return partial(hashed_split, val_share=_VAL_SHARE if val_share is None else val_share)
    if val_share is not None:
        raise UsageProblem(
            f"run {folder.path} has splits of its own; leave out --val-share, and change them with: "
            f"pointvos split --run {quoted(folder.path)} --ratios TRAIN/VAL/TEST"
        )
    if missing := [key.video_id for key in video_keys(folder) if key.video_id not in found]:
        raise UsageProblem(
            f"no split yet for {many(len(missing), 'video')}, the first is {missing[0]!r}; assign them with: "
            f"pointvos split --run {quoted(folder.path)}"
        )
    return found.__getitem__


def _merge(
    folder: RunFolder, work: AnyPath, split_of: SplitOf, rule: ConsensusRule, excluded: list[str]
) -> tuple[list[AggregatedCounts], list[WrittenPoints]]:
    from pipeline.runners.table_runner import results, run_table_graph
    from pipeline.table_graphs.merge import MergeVerdicts

    ranges = in_ranges(video_keys(folder))
    n_videos = sum(len(found.videos) for found in ranges)
    partitioner = VerdictPartitioner(folder.absolute(), work, n_parts(folder), max(len(ranges), 1))
    graph = MergeVerdicts(partitioner, ranges, excluded, rule is ConsensusRule.DAWID_SKENE, split_of)
    with bar("Merging", n_videos) as advance, counted_by(advance):
        run_table_graph(folder, graph, "MergeVerdicts")
    return results(work / "aggregated.json", AggregatedCounts), results(work / "written.json", WrittenPoints)


def _drop_stale(folder: RunFolder, written: Collection[str]) -> None:
    """Remove the points of videos that have none any more."""
    for file in tables.POINTS.files(folder.path):
        if file.name not in written:
            file.unlink()

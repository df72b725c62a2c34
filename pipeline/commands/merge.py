"""``pointvos merge``: verdicts and candidates become points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

from pipeline.commands.options import Run
from pipeline.runs.folder import RunFolder
from pipeline.runs.questions import answers_for_other_names, questions_of
from pipeline.runs.units import object_models, object_words, unit_file, unit_records, videos_of
from pipeline.runs.verdicts import RunVerdicts
from pipeline.terminal.console import UsageProblem, console, summary
from schemas import tables
from schemas.remote_paths import AnyPath
from schemas.reviews import Verdict
from schemas.videos import Video
from stages.consensus.dawid_skene import dawid_skene
from stages.consensus.opinions import Opinion, decider, majority
from stages.consensus.points import ObjectFacts, merge_points
from stages.consensus.votes import Votes


class ConsensusRule(StrEnum):
    """How the answers of several annotators come to one."""

    MAJORITY = "majority"
    DAWID_SKENE = "dawid_skene"


def merge(
    run: Run,
    val_share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the videos in the val split.")] = 0.1,
    consensus: Annotated[
        ConsensusRule, typer.Option(help="dawid_skene weighs each annotator by the reliability that the answers show.")
    ] = ConsensusRule.MAJORITY,
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="Ignore the verdicts of this annotator; repeat it for several.", metavar="ANNOTATOR"),
    ] = None,
) -> None:
    """Join verdicts and candidates into **points**, the training dataset.

    The latest verdict of each annotator counts; of several annotators the majority, and a tie is AMBIGUOUS. Human
    verdicts override simulated ones, and an adjudication overrides all. A candidate without a verdict gives no point,
    and answers to hidden gold questions never become points. Run it again whenever verdicts were added, or with
    `--exclude` after `pointvos review audit` showed that somebody's answers are unreliable: it rewrites `points/`.

    Example: `pointvos merge --run runs/demo`
    """
    folder = run.require()
    with folder.lock():
        verdicts = RunVerdicts.of(folder)
        opinions = _opinions(_checked(folder, verdicts, exclude or []), exclude or [], consensus)
        statuses, n_candidates, n_copied = _merge_all(folder, opinions, val_share)
    n_points, n_conflicts = sum(statuses.values()), len(verdicts.conflicts(exclude or []))
    summary(
        f"Points of {run}",
        [
            ("candidates", n_candidates),
            ("answered", n_points),
            *sorted(statuses.items()),
            ("settled by adjudication", sum(opinion.decided_by == "adjudication" for opinion in opinions.values())),
            ("conflicts left", n_conflicts),
            ("verdicts on other candidates", len(opinions) - n_points),
            *([("points of other names of an object", n_copied)] if n_copied else []),
            ("points in", folder.path / tables.POINTS.name),
        ],
    )
    if n_conflicts:
        console.print(f"Let somebody settle the conflicts: pointvos review push --run {run} --design adjudication")
    console.print(f"Next: pointvos export --run {run} --format pointvos --out DIR")


def _checked(folder: RunFolder, verdicts: RunVerdicts, excluded: Sequence[str]) -> RunVerdicts:
    """Raise UsageProblem when nobody is heard, or an excluded annotator is not among those who answered."""
    if not verdicts.given:
        raise UsageProblem(
            f"run {folder.path} has no verdicts; get some with: pointvos review … or pointvos simulate …"
        )
    verdicts.require_annotators(excluded)
    if not verdicts.deciding(excluded):
        raise UsageProblem("no verdict is left without these annotators; exclude fewer")
    return verdicts


def _opinions(verdicts: RunVerdicts, excluded: Sequence[str], rule: ConsensusRule) -> dict[str, Opinion]:
    """What the verdicts on each candidate come to; what somebody settled is so, whatever the rule."""
    settled = {name: replace(o, decided_by="adjudication") for name, o in majority(verdicts.settled(excluded)).items()}
    counted = {name: group for name, group in verdicts.deciding(excluded).items() if name not in settled}
    return {**(majority(counted) if rule is ConsensusRule.MAJORITY else _weighed(counted)), **settled}


def _weighed(counted: Mapping[str, Sequence[Verdict]]) -> dict[str, Opinion]:
    if not counted:
        return {}
    statuses = dawid_skene(Votes.of(verdict for group in counted.values() for verdict in group)).statuses()
    return {name: Opinion(statuses[name], len(group), decider(group)) for name, group in counted.items()}


def _merge_all(folder: RunFolder, opinions: Mapping[str, Opinion], val_share: float) -> tuple[Counter[str], int, int]:
    """Write the points; counts by status of those of asked candidates, all candidates, points of other names."""
    statuses: Counter[str] = Counter()
    n_candidates = n_copied = 0
    written: set[AnyPath] = set()
    metadata = folder.metadata()
    for video in videos_of(folder):
        candidates = unit_records(folder, tables.CANDIDATES, video)
        n_candidates += len(candidates)
        other_names = answers_for_other_names(candidates, questions_of(folder, video), opinions)
        facts = _facts(folder, video)
        points, copied = (
            merge_points(asked, opinions, facts, video.time_s, val_share) for asked in (candidates, other_names)
        )
        statuses.update(point.status for point in points)
        n_copied += len(copied)
        if points:
            file = unit_file(folder, tables.POINTS, video)
            tables.POINTS.write(file, [*points, *copied], metadata)
            written.add(file)
    for stale in set(tables.POINTS.files(folder.path)) - written:
        stale.unlink()
    return statuses, n_candidates, n_copied


def _facts(folder: RunFolder, video: Video) -> dict[str, ObjectFacts]:
    words = object_words(folder, video)
    segmenters, propagators = (
        object_models(folder, video, *sources) for sources in (("segmenter", "repair"), ("propagator",))
    )
    return {
        object_id: ObjectFacts(
            *words.get(object_id, ("", "")), segmenters.get(object_id, ""), propagators.get(object_id, "")
        )
        for object_id in {*words, *segmenters, *propagators}
    }

"""``pointvos simulate``: verdicts by an annotator made of ground truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import Run
from pipeline.runs.folder import RunFolder
from pipeline.runs.frame_files import names_of
from pipeline.runs.units import unit_records, videos_of
from pipeline.terminal.console import REJECTED, UsageProblem, console, show_problems, summary
from schemas import tables
from schemas.points import PointCandidate
from schemas.reviews import Verdict
from schemas.tables import DamagedTableError
from schemas.videos import Video
from stages.consensus.gold import with_gold
from stages.evaluate.ground_truth import VideoTruth, find_truth, shown_folders
from stages.simulate.annotator import Annotator, Team


def simulate(
    run: Run,
    ground_truth: Annotated[
        Path, typer.Option(help="Folder of true masks: VIDEO_ID/FRAME.png.", show_default=False, exists=True)
    ],
    error_rate: Annotated[float, typer.Option(min=0.0, max=1.0, help="Probability of a wrong answer.")] = 0.02,
    seed: Annotated[int, typer.Option(help="Seed of the errors.")] = 0,
    annotators: Annotated[int, typer.Option(min=1, help="How many answer, each with errors of its own.")] = 1,
    overlap: Annotated[
        int | None, typer.Option(min=1, help="How many of them answer each object and frame.", show_default="all")
    ] = None,
    second_look: Annotated[
        bool,
        typer.Option(
            "--second-look/--one-look", help="Look again where an answer contradicts the proposal; the second counts."
        ),
    ] = False,
) -> None:
    """Answer the candidates from ground truth, as a person with a small error rate would.

    Within 2 pixels of the true boundary the answer is AMBIGUOUS. Candidates on frames or of objects without
    ground truth get no verdict. Gold questions that were planted are answered too. The verdicts stand beside those of
    people, who outvote them in `pointvos merge`.

    Example: `pointvos simulate --run runs/demo --ground-truth DAVIS/Annotations/480p`
    """
    folder = run.require()
    try:
        team = Team.of(annotators, error_rate, seed, second_look, overlap)
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None
    with folder.lock():
        verdicts, n_candidates, problems = _answered(folder, ground_truth, team)
        if not verdicts:
            raise UsageProblem(_nothing_answered(folder, ground_truth, problems))
        tables.VERDICTS.write(folder.path / tables.VERDICTS.name / "simulated.parquet", verdicts, folder.metadata())
    statuses = Counter(verdict.status for verdict in verdicts)
    hours = sum(verdict.lead_time_s or 0.0 for verdict in verdicts) / 3600
    rows: list[tuple[str, object]] = [("candidates", n_candidates), ("answers", len(verdicts))]
    rows += [*sorted(statuses.items()), ("hours of people's work", f"{hours:.2f}")]
    summary(f"Simulated verdicts of {run}", rows)
    show_problems("rejected", problems)
    if problems:
        raise typer.Exit(REJECTED)
    console.print(f"Next: pointvos merge --run {run}")


def _answered(folder: RunFolder, ground_truth: Path, team: Team) -> tuple[list[Verdict], int, list[str]]:
    """All verdicts, how many candidates there are, and what is wrong with ground truth."""
    verdicts: list[Verdict] = []
    n_candidates, problems = 0, []
    golds = {gold.of_candidate_id: gold for gold in tables.GOLD.records(tables.GOLD.read(folder.path))}
    for video in videos_of(folder):
        candidates = unit_records(folder, tables.CANDIDATES, video)
        n_candidates += len(candidates)
        planted = with_gold((c for c in candidates if c.candidate_id in golds), golds.values())
        try:
            truth = truth_of(ground_truth, video, candidates)
            verdicts += true_answers(team, truth, video, [*candidates, *planted]) if truth else []
            problems += [f"{video.video_id}: {truth.unknown}"] if truth and truth.unknown else []
        except ValueError as problem:
            problems.append(f"{video.video_id}: {problem}")
    return verdicts, n_candidates, problems


def truth_of(ground_truth: Path, video: Video, candidates: Sequence[PointCandidate]) -> VideoTruth | None:
    """The ground truth of a video, or None when there is none."""
    object_ids = {candidate.object_id for candidate in candidates}
    return find_truth(ground_truth, video.video_id, object_ids, (video.height, video.width), names_of(video))


def true_answers(
    annotator: Annotator, truth: VideoTruth, video: Video, candidates: Sequence[PointCandidate]
) -> list[Verdict]:
    """Verdicts on the objects that the ground truth knows: an unknown one is not answered, rather than rejected.

    Raises:
        DamagedTableError: a candidate lies outside the frame.
    """
    if outside := [c for c in candidates if c.x >= video.width or c.y >= video.height]:
        raise DamagedTableError(
            f"table 'candidates' is damaged at video_id {video.video_id!r}, frame_idx {outside[0].frame_idx}: "
            f"({outside[0].x}, {outside[0].y}) lies outside the frame of {video.width}x{video.height} pixels"
        )
    asked: dict[int, dict[str, list[PointCandidate]]] = defaultdict(lambda: defaultdict(list))
    for candidate in candidates:
        asked[candidate.frame_idx][candidate.object_id].append(candidate)
    known: set[str] = set()
    answers: list[tuple[str, Verdict]] = []
    for frame in truth.only({*asked, min(truth.paths)}):
        known |= frame.object_ids()
        for object_id, group in asked[frame.frame_idx].items():
            answers += [(object_id, v) for v in annotator.answer(group, frame.mask(object_id), frame.void())]
    return [verdict for object_id, verdict in answers if object_id in known]


def _nothing_answered(folder: RunFolder, ground_truth: Path, problems: list[str]) -> str:
    if problems:
        return f"no candidate could be answered; {problems[0]}"
    wanted = "masks must be named VIDEO_ID/FRAME.png there and use the run's object ids"
    there = shown_folders(ground_truth, [video.video_id for video in videos_of(folder)])
    return f"no candidate of {folder.path} has ground truth below {ground_truth}; {wanted}; {there}"

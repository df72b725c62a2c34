"""``pointvos simulate``: verdicts by an annotator made of ground truth."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import Run
from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_records, videos_of
from pipeline.simulation.answers import second_look_tasks, second_looks, true_answers, truth_of
from pipeline.terminal.console import REJECTED, UsageProblem, console, show_problems, summary
from schemas import tables
from schemas.reviews import ReviewTask, Verdict
from stages.consensus.gold import with_gold
from stages.evaluate.ground_truth import shown_folders
from stages.simulate.annotator import Team


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
            "--second-look/--one-look",
            help="Ask once more what one annotator answered against the proposal; the second answer counts.",
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
        team = Team.of(annotators, error_rate, seed, overlap)
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None
    with folder.lock():
        verdicts, tasks, n_candidates, problems = _answered(folder, ground_truth, team, second_look)
        if not verdicts:
            raise UsageProblem(_nothing_answered(folder, ground_truth, problems))
        _write_tasks(folder, tasks)
        tables.VERDICTS.write(folder.path / tables.VERDICTS.name / "simulated.parquet", verdicts, folder.metadata())
    statuses = Counter(verdict.status for verdict in verdicts)
    hours = sum(verdict.lead_time_s or 0.0 for verdict in verdicts) / 3600
    rows: list[tuple[str, object]] = [("candidates", n_candidates), ("answers", len(verdicts))]
    rows += [("of these second looks", len(tasks))] if second_look else []
    rows += [*sorted(statuses.items()), ("hours of people's work", f"{hours:.2f}")]
    summary(f"Simulated verdicts of {run}", rows)
    show_problems("rejected", problems)
    if problems:
        raise typer.Exit(REJECTED)
    console.print(f"Next: pointvos merge --run {run}")


def _answered(
    folder: RunFolder, ground_truth: Path, team: Team, is_second_look: bool
) -> tuple[list[Verdict], list[ReviewTask], int, list[str]]:
    """All verdicts, the tasks of the second looks, how many candidates there are, what is wrong with ground truth."""
    verdicts: list[Verdict] = []
    tasks: list[ReviewTask] = []
    n_candidates, problems = 0, []
    golds = {gold.of_candidate_id: gold for gold in tables.GOLD.records(tables.GOLD.read(folder.path))}
    for video in videos_of(folder):
        candidates = unit_records(folder, tables.CANDIDATES, video)
        n_candidates += len(candidates)
        planted = with_gold((c for c in candidates if c.candidate_id in golds), golds.values())
        try:
            truth = truth_of(ground_truth, video, candidates)
            asked = [*candidates, *planted]
            first = true_answers(team, truth, video, asked) if truth else []
            hidden = {gold.candidate_id for gold in planted}
            second = second_looks(team, truth, video, asked, first, hidden) if truth and is_second_look else []
            verdicts += [*first, *second]
            tasks += second_look_tasks(candidates, second)
            problems += [f"{video.video_id}: {truth.unknown}"] if truth and truth.unknown else []
        except ValueError as problem:
            problems.append(f"{video.video_id}: {problem}")
    return verdicts, tasks, n_candidates, problems


def _write_tasks(folder: RunFolder, tasks: list[ReviewTask]) -> None:
    """The second looks, before the answers to them."""
    file = folder.path / tables.TASKS.name / "simulated.parquet"
    if tasks:
        tables.TASKS.write(file, tasks, folder.metadata())
    else:
        file.unlink(missing_ok=True)


def _nothing_answered(folder: RunFolder, ground_truth: Path, problems: list[str]) -> str:
    if problems:
        return f"no candidate could be answered; {problems[0]}"
    wanted = "masks must be named VIDEO_ID/FRAME.png there and use the run's object ids"
    there = shown_folders(ground_truth, [video.video_id for video in videos_of(folder)])
    return f"no candidate of {folder.path} has ground truth below {ground_truth}; {wanted}; {there}"

"""``pointvos simulate``: verdicts by an annotator made of ground truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import GroundTruth, Run
from pipeline.runs.fetching import on_disk
from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_records, videos_of
from pipeline.simulation.answers import second_look_tasks, second_looks, true_answers, truth_of
from pipeline.terminal.console import REJECTED, UsageProblem, console, quoted, show_problems, summary
from schemas import tables
from schemas.points import PointCandidate
from schemas.reviews import Verdict
from schemas.videos import Video
from stages.consensus.gold import with_gold
from stages.evaluate.ground_truth import VideoTruth, shown_folders
from stages.simulate.annotator import Team


def simulate(
    run: Run,
    ground_truth: GroundTruth,
    error_rate: Annotated[float, typer.Option(min=0.0, max=1.0, help="Probability of a wrong answer.")] = 0.02,
    seed: Annotated[int, typer.Option(help="Seed of the errors.")] = 0,
    annotators: Annotated[
        int, typer.Option(min=1, help="Number of simulated annotators, each with independent errors.")
    ] = 1,
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

    Within 2 pixels of the true boundary the answer is AMBIGUOUS. Candidates on frames or of objects without ground
    truth get no verdict. Gold questions are answered too. The verdicts are stored beside those of people, which
    override them in `pointvos merge`.

    Example: `pointvos simulate --run runs/demo --ground-truth DAVIS/Annotations/480p`
    """
    folder = run.require()
    try:
        team = Team.of(annotators, error_rate, seed, overlap)
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None
    with on_disk(ground_truth) as masks, folder.lock():
        try:
            found = _answer(folder, masks, team, second_look)
        except UsageProblem as problem:
            raise UsageProblem(str(problem).replace(str(masks), str(ground_truth))) from None
    rows: list[tuple[str, object]] = [("candidates", found.n_candidates)]
    rows += [("candidates without ground truth", found.n_unknown)] if found.n_unknown else []
    rows += [("answers", found.statuses.total())]
    rows += [("second looks", found.n_second_looks)] if second_look else []
    rows += [*sorted(found.statuses.items()), ("hours of human work", f"{found.seconds / 3600:.2f}")]
    summary(f"Simulated verdicts of {run}", rows)
    show_problems("rejected", [problem.replace(str(masks), str(ground_truth)) for problem in found.problems])
    if found.problems:
        raise typer.Exit(REJECTED)
    console.print(f"Next: pointvos merge --run {quoted(run)}")


@dataclass(slots=True)
class _Answered:
    """What was answered and what could not be, counted; what is wrong with ground truth."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    n_candidates: int = 0
    n_unknown: int = 0
    n_second_looks: int = 0
    problems: list[str] = field(default_factory=list)

    def count(self, verdict: Verdict) -> None:
        self.statuses[verdict.status] += 1
        self.seconds += verdict.lead_time_s


def _answer(folder: RunFolder, ground_truth: Path, team: Team, is_second_look: bool) -> _Answered:
    """Answer one video after the other, and write what was answered; memory does not grow with the answers.

    Raises:
        UsageProblem: nothing could be answered; what was there before stays.
    """
    found = _Answered()
    golds = {gold.of_candidate_id: gold for gold in tables.GOLD.records(tables.GOLD.read(folder.path))}
    verdicts_file, tasks_file = (folder.table_file(table, "simulated") for table in (tables.VERDICTS, tables.TASKS))
    marks = folder.metadata()
    # the tasks of second looks are there before the answers to them
    with tables.VERDICTS.writing(verdicts_file, marks) as add, tables.TASKS.writing(tasks_file, marks) as ask:
        for video in videos_of(folder):
            candidates = unit_records(folder, tables.CANDIDATES, video)
            found.n_candidates += len(candidates)
            planted = [c for c in candidates if c.candidate_id in golds]
            planted = with_gold(planted, [golds[c.candidate_id] for c in planted])
            try:
                first, second = _answers(
                    truth_of(ground_truth, video, candidates), team, (video, candidates, planted), is_second_look, found
                )
            except ValueError as problem:
                found.problems.append(f"{video.video_id}: {problem}")
                found.n_unknown += len(candidates)
                continue
            found.n_unknown += len({c.candidate_id for c in candidates} - {v.candidate_id for v in first})
            found.n_second_looks += len(second)
            for verdict in (*first, *second):
                add(verdict)
                found.count(verdict)
            for task in second_look_tasks(candidates, second):
                ask(task)
        if not found.statuses:
            raise UsageProblem(_nothing_answered(folder, ground_truth, found.problems))
    if not found.n_second_looks:
        tasks_file.unlink(missing_ok=True)
    return found


def _answers(
    truth: VideoTruth | None,
    team: Team,
    asked: tuple[Video, Sequence[PointCandidate], Sequence[PointCandidate]],
    is_second_look: bool,
    found: _Answered,
) -> tuple[list[Verdict], list[Verdict]]:
    """The answers to the candidates of a video and to the gold beside them, and the second looks."""
    if truth is None:
        return [], []
    video, candidates, planted = asked
    everything, hidden = [*candidates, *planted], {gold.candidate_id for gold in planted}
    first = true_answers(team, truth, video, everything)
    second = second_looks(team, truth, video, everything, first, hidden) if is_second_look else []
    found.problems += [f"{video.video_id}: {truth.unknown}"] if truth.unknown else []
    return first, second


def _nothing_answered(folder: RunFolder, ground_truth: Path, problems: list[str]) -> str:
    if problems:
        return f"no candidate could be answered; {problems[0]}"
    wanted = "masks must be named VIDEO_ID/FRAME.png there and use the run's object ids"
    there = shown_folders(ground_truth, [video.video_id for video in videos_of(folder)])
    return f"no candidate of {folder.path} has ground truth below {ground_truth}; {wanted}; {there}"

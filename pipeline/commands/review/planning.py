"""What a push asks, planned range by range before a server is spoken to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial

from pipeline.commands.review.session import ReviewSession
from pipeline.runs.ranges import in_ranges, video_keys
from pipeline.runs.video_review import review_of_video
from pipeline.terminal.bar import bar
from pipeline.terminal.console import UsageProblem, quoted
from schemas.ranges import VideoRange
from schemas.reviews import ReviewTask
from stages.progress import counted_by
from verification_ui.queue.plan import DrawnRange, PlannedRange, Selection, TaskPlan

NOTHING_TO_ASK = {
    "adjudication": "annotators agree on all candidates, or every conflict is adjudicated",
    "second_look": "no answer of one person contradicts a proposal, or each has had its second look",
}
"""Why a design that asks answers again asks nothing."""
_REVIEWS = 8
"""Videos that are kept in memory while tasks are queued: the frames of one object follow each other."""


@dataclass(frozen=True, slots=True)
class PlannedPush:
    """What a push asks.

    Attributes:
        session: the run.
        plan: the tasks.
        ranges: all videos.
        counts: of each range.
    """

    session: ReviewSession
    plan: TaskPlan
    ranges: Sequence[VideoRange]
    counts: Sequence[PlannedRange]

    @property
    def n_tasks(self) -> int:
        """All tasks, those that are asked again among them."""
        return sum(found.n_tasks for found in self.counts) + len(self.plan.again)

    @property
    def n_points(self) -> int:
        """Points in these tasks."""
        return sum(found.n_points for found in self.counts) + sum(len(task.candidate_ids) for task in self.plan.again)

    def held_back(self) -> list[tuple[str, object]]:
        """How many objects and masks with candidates are not asked about, for the summary of a push."""
        names, masks = (sum(getattr(c, name) for c in self.counts) for name in ("n_other_names", "n_unusable"))
        rows = (("held back: duplicate names of an object", names), ("held back: unusable masks", masks))
        return [(what, count) for what, count in rows if count]

    def require_tasks(self) -> None:
        """Raise UsageProblem when there is nothing to ask; call it before a server is started."""
        if self.n_tasks:
            return
        run = self.session.run.path
        if not sum(found.n_candidates for found in self.counts):
            advice = f"make some with: pointvos annotate VIDEOS … --run {quoted(run)}"
            raise UsageProblem(f"nothing to verify: {run} has no candidates; {advice}")
        if nothing := NOTHING_TO_ASK.get(self.plan.selection.design):
            raise UsageProblem(f"nothing to verify in {run}: {nothing}")
        held_back = ", ".join(f"{what} ({count})" for what, count in self.held_back())
        raise UsageProblem(
            f"nothing to verify in {run}: {held_back}; see the masks with: pointvos report --run {quoted(run)}"
        )

    def tasks(self, rejected: frozenset[str]) -> Iterator[ReviewTask]:
        """The tasks in the order of the queue, less those that cannot be shown."""
        return self.plan.in_order(len(self.ranges), rejected)

    def draw(self) -> list[DrawnRange]:
        """Make the pictures and clips that are not there yet."""
        from pipeline.runners.table_runner import results, run_table_graph
        from pipeline.table_graphs.review import DrawPush

        review_of = partial(review_of_video, self.session.run.absolute(), self.session.media)
        with bar("drawing crops and cutting clips", _n_videos(self.ranges)) as advance, counted_by(advance):
            run_table_graph(self.session.run, DrawPush(self.plan, list(self.ranges), review_of), "DrawPush")
        return sorted(results(self.plan.folder / "drawn.json", DrawnRange), key=lambda found: found.number)


@contextmanager
def planned(session: ReviewSession, selection: Selection, again: Sequence[ReviewTask] = ()) -> Iterator[PlannedPush]:
    """Plan a push; the plan is there until the block ends."""
    from pipeline.runners.table_runner import result_folder, results, run_table_graph
    from pipeline.table_graphs.review import PlanPush

    ranges = in_ranges(video_keys(session.run))
    review_of = partial(review_of_video, session.run.absolute(), session.media)
    with result_folder(session.run) as folder:
        plan = TaskPlan(folder, selection, tuple(again))
        with bar("planning tasks", _n_videos(ranges)) as advance, counted_by(advance):
            run_table_graph(session.run, PlanPush(plan, ranges, review_of), "PlanPush")
        yield PlannedPush(session, plan, ranges, results(folder / "planned.json", PlannedRange))


def doubtful_of(session: ReviewSession, design: str, excluded: Sequence[str] = ()) -> frozenset[str] | None:
    """Ids of the candidates whose answers the design asks again; None for a design that asks all candidates.

    ``adjudication`` asks what people differ on and nobody has adjudicated, ``second_look`` what one person answered
    against the proposal and nobody has looked at again.
    """
    if design not in ("adjudication", "second_look"):
        return None
    from pipeline.runners.table_runner import result_folder, results, run_table_graph
    from pipeline.runs.partitioning import VerdictPartitioner, n_parts
    from pipeline.table_graphs.doubtful import FindDoubtfulAnswers

    run, is_second_look = session.run.absolute(), design == "second_look"
    ranges = in_ranges(video_keys(run)) if is_second_look else []
    with result_folder(session.run) as folder:
        partitioner = VerdictPartitioner(run, folder, n_parts(run), max(len(ranges), 1))
        graph = FindDoubtfulAnswers(partitioner, ranges, list(excluded), is_second_look)
        run_table_graph(session.run, graph, "FindDoubtfulAnswers")
        return frozenset(results(folder / "found.json", str))


class ReviewCache:
    """The videos that were looked at last, by id."""

    def __init__(self, session: ReviewSession, ranges: Sequence[VideoRange]) -> None:
        keys = {key.video_id: key for found in ranges for key in found.videos}
        run, media = session.run.absolute(), session.media
        self._ids = keys.keys()
        self.get = lru_cache(_REVIEWS)(lambda video_id: review_of_video(run, media, keys[video_id]))

    def has_all_of(self, task: ReviewTask) -> bool:
        """Whether the run still has all candidates of a task; else its video was annotated again."""
        return task.video_id in self._ids and self.get(task.video_id).candidates.keys() >= set(task.candidate_ids)


def _n_videos(ranges: Sequence[VideoRange]) -> int:
    return sum(len(found.videos) for found in ranges)

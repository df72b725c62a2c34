"""The tasks of a push before they are queued: planned video by video, kept in files, read in the order of the queue."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from schemas import tables
from schemas.points import PointCandidate
from schemas.ranges import VideoKey, VideoRange
from schemas.rejects import Reject
from schemas.remote_paths import AnyPath
from schemas.reviews import ReviewTask
from schemas.whole_files import whole_file
from verification_ui.media.maker import MediaMaker
from verification_ui.page.tasks import build_tasks, queue_order

_ROWS = 64
"""Tasks that are read at once from each file: those of all ranges are in memory at the same time."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which candidates a push asks about.

    Attributes:
        design: the review design.
        blind_share: of what is asked with its claim, this share is asked once more, blindly; None for no such sample.
        chosen: ids of the candidates that are asked, whatever else holds; None for all that are worth it.
    """

    design: str
    blind_share: float | None = None
    chosen: frozenset[str] | None = None


class ReviewedVideo(Protocol):
    """One video as the review sees it."""

    @property
    def sampled(self) -> Sequence[PointCandidate]:
        """All its candidates."""
        ...

    @property
    def maker(self) -> MediaMaker:
        """Draws its pictures."""
        ...

    def asked(self, selection: Selection) -> Sequence[PointCandidate]:
        """The candidates that are asked about."""
        ...

    def held_back(self) -> tuple[int, int]:
        """Objects that are other names of one that is asked, and unusable masks."""
        ...

    def cut_clips(self, tasks: Sequence[ReviewTask]) -> str:
        """Make the clips of some tasks; why there are none, or empty."""
        ...


@dataclass(frozen=True, slots=True)
class PlannedRange:
    """What is going to be asked about a range of videos.

    Attributes:
        number: of the range.
        n_candidates: of its videos.
        n_tasks: planned.
        n_points: in these tasks.
        n_other_names: objects that are other names of one that is asked.
        n_unusable: masks that nobody is asked about.
    """

    number: int
    n_candidates: int = 0
    n_tasks: int = 0
    n_points: int = 0
    n_other_names: int = 0
    n_unusable: int = 0


@dataclass(frozen=True, slots=True)
class DrawnRange:
    """What could not be shown of a range of videos.

    Attributes:
        number: of the range.
        rejects: tasks without a picture, which must not be queued.
        n_lost_points: points of these tasks.
        problems: videos that no clips could be cut from.
    """

    number: int
    rejects: tuple[Reject, ...] = ()
    n_lost_points: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """The planned tasks of one push.

    Attributes:
        folder: one file a range of videos.
        selection: what is asked.
        again: tasks that are asked once more, after the others.
    """

    folder: AnyPath
    selection: Selection
    again: tuple[ReviewTask, ...] = ()

    def plan(self, found: VideoRange, videos: Iterable[ReviewedVideo]) -> PlannedRange:
        """Plan the tasks of a range of videos."""
        tasks: list[ReviewTask] = []
        n_candidates = n_other_names = n_unusable = 0
        for video in videos:
            n_candidates += len(video.sampled)
            tasks += build_tasks(video.asked(self.selection), self.selection.design)
            names, masks = video.held_back()
            n_other_names, n_unusable = n_other_names + names, n_unusable + masks
        tasks.sort(key=queue_order)
        self._write(found.number, tasks)
        n_points = sum(len(task.candidate_ids) for task in tasks)
        return PlannedRange(found.number, n_candidates, len(tasks), n_points, n_other_names, n_unusable)

    def draw(self, found: VideoRange, videos: Iterable[tuple[VideoKey, ReviewedVideo]]) -> DrawnRange:
        """Draw the pictures and cut the clips of a range's tasks that are not there yet."""
        tasks: dict[str, list[ReviewTask]] = {key.video_id: [] for key in found.videos}
        for task in [*self._read(found.number), *(t for t in self.again if t.video_id in tasks)]:
            tasks[task.video_id].append(task)
        rejects: list[Reject] = []
        problems: list[str] = []
        for key, video in videos:
            bad = list(video.maker.make(tasks[key.video_id]))
            rejected = {reject.key for reject in bad}
            problem = video.cut_clips([task for task in tasks[key.video_id] if task.task_key not in rejected])
            rejects += bad
            problems += [problem] if problem else []
        lost = {reject.key for reject in rejects}
        n_lost = sum(len(task.candidate_ids) for own in tasks.values() for task in own if task.task_key in lost)
        return DrawnRange(found.number, tuple(rejects), n_lost, tuple(problems))

    def in_order(self, n_ranges: int, rejected: Collection[str] = ()) -> Iterator[ReviewTask]:
        """All tasks but the rejected ones, in the order of the queue."""
        planned = heapq.merge(*(self._read(number) for number in range(n_ranges)), key=queue_order)
        for tasks in (planned, self.again):
            yield from (task for task in tasks if task.task_key not in rejected)

    def _file(self, number: int) -> AnyPath:
        return self.folder / f"tasks-{number:06d}.arrow"

    def _write(self, number: int, tasks: Sequence[ReviewTask]) -> None:
        rows = tables.TASKS.to_arrow(tasks)
        options: Any = pa.ipc.IpcWriteOptions(compression="zstd")
        with (
            whole_file(self._file(number), is_synced=False) as file,
            pa.ipc.new_file(file, rows.schema, options=options) as out,
        ):
            for batch in rows.combine_chunks().to_batches(max_chunksize=_ROWS):
                out.write_batch(batch)

    def _read(self, number: int) -> Iterator[ReviewTask]:
        path = self._file(number)
        source = pa.OSFile(str(path)) if isinstance(path, Path) else pa.BufferReader(path.read_bytes())
        with source, pa.ipc.open_file(source) as opened:
            for batch in range(opened.num_record_batches):
                yield from tables.TASKS.records(pa.Table.from_batches([opened.get_batch(batch)]))

"""What the review commands share: the run as the review sees it, and the server that it talks to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from pipeline.runs.annotators import answered_by_none_but
from pipeline.runs.asked_tasks import current_keys
from pipeline.runs.folder import RunFolder
from pipeline.runs.queue_notes import QueueNotes
from pipeline.runs.ranges import video_keys
from pipeline.runs.review_queue import project_title
from pipeline.runs.turns import one_at_a_time
from pipeline.runs.video_review import VideoReview, media_folder
from pipeline.terminal.console import UsageProblem, WorkProblem
from schemas import tables
from schemas.points import PointCandidate
from schemas.remote_paths import AnyPath
from schemas.reviews import DESIGNS, ReviewTask
from schemas.table_pieces import read_pieces
from schemas.tables import DamagedTableError
from verification_ui.gate.serving import Queue
from verification_ui.media.location import MediaPlace
from verification_ui.media.maker import MediaMaker
from verification_ui.page.asked_objects import AskedObject, ObjectKey
from verification_ui.page.payloads import Payload
from verification_ui.page.tasks import again
from verification_ui.queue.client import LabelStudioClient
from verification_ui.queue.plan import Selection
from verification_ui.queue.review_queue import OutcomeUnknown, Refused
from verification_ui.server.credentials import read_api_key
from verification_ui.server.server import Server, ServerProblem, running_server, started

_TASKS_AT_ONCE = 10_000


@dataclass(frozen=True)
class ReviewSession:
    """One run with everything that its review needs, read when it is first used."""

    run: RunFolder

    @property
    def folder(self) -> Path:
        """Private data of the review, on this machine: the server's database, secrets, log."""
        return self.run.local / "review"

    @property
    def media(self) -> Path:
        """The only folder that a server shows pictures from."""
        return media_folder(self.run)

    @cached_property
    def place(self) -> MediaPlace:
        """Where the annotators' browsers get the pictures: ``review_media`` of the run's config."""
        found = self.run.config().get("review_media") or {}
        return TypeAdapter(MediaPlace).validate_python(found)

    @property
    def shown(self) -> Queue:
        """What the page shows of the run."""
        return Queue(self.folder, self.media, frozenset(self.title(design) for design in DESIGNS), self.place)

    def title(self, design: str) -> str:
        """Name of the run's project for one design."""
        return project_title(self.run, design)

    @cached_property
    def reviews(self) -> list[VideoReview]:
        """All videos as the review sees them, by id."""
        golds = {gold.of_candidate_id: gold for gold in tables.GOLD.records(tables.GOLD.read(self.run.path))}
        return [VideoReview(self.run, self.media, key, golds) for key in video_keys(self.run)]

    @cached_property
    def candidates(self) -> Mapping[str, PointCandidate]:
        """All candidates by id, those that gold replaces and the gold in their place."""
        return {name: found for review in self.reviews for name, found in review.candidates.items()}

    def asked(self, design: str) -> list[PointCandidate]:
        """All candidates that a design asks about."""
        return [candidate for review in self.reviews for candidate in review.asked(Selection(design))]

    def asked_again(self, design: str, excluded: Sequence[str]) -> list[ReviewTask]:
        """The tasks that only excluded annotators answered, under new keys: the server takes the old ones for done."""
        lost = answered_by_none_but(self.run, excluded, self.notes(design).n_people)
        return [again(task, excluded) for task in self.tasks(design, lost)] if lost else []

    @cached_property
    def objects(self) -> Mapping[ObjectKey, AskedObject]:
        """What is asked about."""
        return {key: found for review in self.reviews for key, found in review.objects.items()}

    @cached_property
    def maker(self) -> MediaMaker:
        """Draws the pictures."""
        masks_of = {review.key.video_id: review.masks_of for review in self.reviews}
        return MediaMaker(
            self.media, self.run.frame_file, lambda video_id: masks_of[video_id](), self.candidates, self.objects
        )

    def tasks_file(self, design: str) -> AnyPath:
        """The ledger of the tasks of one design."""
        return self.run.path / tables.TASKS.name / f"{design}.parquet"

    def tasks(self, design: str, only: Collection[str] | None = None) -> list[ReviewTask]:
        """The tasks of one design that were pushed at any time, less those that are outdated.

        Args:
            design: the review design.
            only: keys of those that are wanted; None for all.
        """
        keys = self.task_keys(design)
        wanted = keys if only is None else keys.intersection(only)
        return [task for task in self._pushed(design) if task.task_key in wanted]

    def task_keys(self, design: str) -> frozenset[str]:
        """The keys of :meth:`tasks`; neither tasks nor candidates are held."""
        return current_keys(self.run, self.task_files(design))

    def _pushed(self, design: str) -> Iterator[ReviewTask]:
        for rows in read_pieces(tables.TASKS, self.task_files(design), tables.TASKS.schema.names, _TASKS_AT_ONCE):
            yield from tables.TASKS.records(rows)

    def task_files(self, design: str) -> list[AnyPath]:
        """The ledger, and those of videos that ``annotate`` has queued since it was written."""
        ledger = self.tasks_file(design)
        own = tables.TASKS.files(self.run.path, f"{design}.*.parquet")
        return [ledger, *own] if ledger.exists() else own

    def notes(self, design: str) -> QueueNotes:
        """What we noted of the queue of one design."""
        return QueueNotes.read(self.tasks_file(design))

    def write_notes(self, design: str, **changes: Any) -> None:
        """Change the notes of a queue, fields of :class:`QueueNotes`."""
        with one_at_a_time(self.run, "note", is_told=False):
            if (notes := replace(self.notes(design), **changes)) != self.notes(design):
                for _ in self._write(design, [], notes):
                    pass

    def write_tasks(
        self,
        design: str,
        tasks: Iterable[ReviewTask],
        is_taken_back: Callable[[ReviewTask], bool] = lambda _: False,
        **changes: Any,
    ) -> list[str]:
        """Our ledger, before the server hears of them; tasks of earlier pushes stay, their answers refer to them.

        Args:
            design: the review design.
            tasks: in the order of the queue; they are not held in memory.
            is_taken_back: whether a task of an earlier push that is not among these needs no answer any more.
            changes: of its notes, fields of :class:`QueueNotes`.

        Returns:
            The keys of the tasks to take back.
        """
        with one_at_a_time(self.run, "note", is_told=False):
            others = self._write(design, tasks, replace(self.notes(design), **changes))
            return [task.task_key for task in others if is_taken_back(task)]

    def _write(self, design: str, tasks: Iterable[ReviewTask], notes: QueueNotes) -> Iterator[ReviewTask]:
        """Write the tasks and those that were there; yields the latter."""
        metadata = {**self.run.metadata(), **notes.metadata()}
        now: set[str] = set()
        with tables.TASKS.writing(self.tasks_file(design), metadata) as add:
            for task in tasks:
                now.add(task.task_key)
                add(task)
            for task in self._pushed(design):
                if task.task_key not in now:
                    now.add(task.task_key)
                    add(task)
                    yield task
        for path in tables.TASKS.files(self.run.path, f"{design}.*.parquet"):
            path.unlink(missing_ok=True)

    def payloads(self, tasks: Iterable[ReviewTask]) -> Iterator[Payload]:
        """What the server is given, one task at a time."""
        reviews = {review.key.video_id: review for review in self.reviews}
        return (reviews[task.video_id].payload(task) for task in tasks)


@contextmanager
def problems_named() -> Iterator[None]:
    """Turn what can go wrong with a server into sentences for the terminal."""
    try:
        yield
    except DamagedTableError:
        raise
    except (ServerProblem, ValueError) as problem:
        raise UsageProblem(str(problem)) from None
    except Refused as problem:
        raise WorkProblem(str(problem)) from None
    except OutcomeUnknown as problem:
        raise WorkProblem(f"{problem}; finished work is kept: run the same command again to complete it") from None


@contextmanager
def connected(
    session: ReviewSession, url: str | None, api_key_file: Path | None, say: Callable[[str], None]
) -> Iterator[LabelStudioClient]:
    """A client of the named server; else of the run's own, which is started for the block if it is not running.

    Raises:
        UsageProblem: only one of address and key was given, or the server cannot be started.
    """
    if (url is None) != (api_key_file is None):
        raise UsageProblem("--url and --api-key-file go together: give both for your own server, or neither")
    if url is not None and api_key_file is not None:
        with _checked(LabelStudioClient(url, read_api_key(api_key_file))) as client:
            yield client
        return
    server = running_server(session.folder)
    if server is not None:
        with client_of(server) as client:
            yield client
        return
    say("Starting the run's Label Studio for this command …")
    with started(session.folder, session.media, say=say) as server, client_of(server) as client:
        yield client


def client_of(server: Server) -> LabelStudioClient:
    """A client of a server that we started."""
    return _checked(LabelStudioClient(server.url, server.credentials.token))


def _checked(client: LabelStudioClient) -> LabelStudioClient:
    try:
        client.whoami()
    except OutcomeUnknown:
        raise UsageProblem(f"no Label Studio answers at {client.url}; check --url and that the server is up") from None
    return client

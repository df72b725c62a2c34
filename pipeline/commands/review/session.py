"""What the review commands share: the run as the review sees it, and the server that it talks to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import TypeAdapter

from pipeline.runs.folder import RunFolder
from pipeline.runs.questions import questions_of
from pipeline.runs.queue_notes import QueueNotes
from pipeline.runs.turns import one_at_a_time
from pipeline.runs.units import videos_of
from pipeline.runs.verdicts import read_verdicts
from pipeline.terminal.console import UsageProblem, WorkProblem
from schemas import tables
from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.remote_paths import AnyPath
from schemas.reviews import DESIGNS, ReviewTask
from schemas.tables import DamagedTableError, damage_named, parquet_source
from schemas.videos import Video
from stages.consensus.blind import blind_sample
from stages.consensus.gold import with_gold
from stages.sample_points.questions import Questions
from verification_ui.gate.serving import Queue
from verification_ui.media.location import MediaPlace
from verification_ui.media.maker import MediaMaker
from verification_ui.page.asked_objects import AskedObject, ObjectKey, asked_objects
from verification_ui.page.media_paths import QUEUE
from verification_ui.page.payloads import Payload, Question, payload
from verification_ui.page.tasks import again
from verification_ui.queue.client import LabelStudioClient
from verification_ui.queue.review_queue import OutcomeUnknown, Refused
from verification_ui.server.credentials import read_api_key
from verification_ui.server.server import Server, ServerProblem, running_server, started


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
        (self.run.local / "media" / QUEUE).mkdir(parents=True, exist_ok=True)
        return (self.run.local / "media").resolve()

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
        return f"pointvos {self.run.metadata()['pointvos.run_id']} {design}"

    @cached_property
    def candidates(self) -> Mapping[str, PointCandidate]:
        """All candidates by id, those that gold replaces and the gold in their place."""
        return {c.candidate_id: c for c in (*self._sampled, *self._with_gold)}

    def asked(self, design: str, excluded: Sequence[str] = ()) -> list[PointCandidate]:
        """The candidates that a design asks about; where it shows claims, gold stands in the place of what it shows.

        One of several names for one thing is asked, and nothing about hopeless masks
        (:mod:`stages.sample_points.questions`).
        """
        if design == "adjudication":
            differ = set(read_verdicts(self.run).conflicts(excluded))
            return [candidate for candidate in self._sampled if candidate.candidate_id in differ]
        return [c for c in (self._sampled if design == "single" else self._with_gold) if self._is_asked(c)]

    def asked_again(self, design: str, excluded: Sequence[str]) -> list[ReviewTask]:
        """The tasks that only excluded annotators answered, under new keys: the server takes the old ones for done."""
        people: dict[str, set[str]] = defaultdict(set)
        for verdict in read_verdicts(self.run).given:
            people[verdict.task_key].add(verdict.annotator)
        enough, unheard = self.notes(design).n_people, set(excluded)
        lost = [t for t in self.tasks(design) if len(people[t.task_key]) >= enough and people[t.task_key] <= unheard]
        return [again(task, excluded) for task in lost]

    def audited(self, share: float) -> list[PointCandidate]:
        """A blind sample of the candidates that are asked about with their claims as well."""
        shown = set(self.asked("contact_sheet"))
        return blind_sample((candidate for candidate in self._sampled if candidate in shown), share)

    def held_back(self) -> list[tuple[str, object]]:
        """How many objects and masks with candidates are not asked about, for the summary of a push."""
        left = [c for c in self._sampled if not self._is_asked(c)]
        names = {(c.video_id, c.object_id) for c in left if c.object_id in self._questions[c.video_id].leaders}
        masks = {(c.video_id, c.object_id, c.frame_idx) for c in left if (c.video_id, c.object_id) not in names}
        rows = (("held back: other names of an object", len(names)), ("held back: hopeless masks", len(masks)))
        return [(what, count) for what, count in rows if count]

    def _is_asked(self, candidate: PointCandidate) -> bool:
        found = self._questions.get(candidate.video_id)
        return found is None or found.ask(candidate.object_id, candidate.frame_idx)

    @cached_property
    def _questions(self) -> Mapping[str, Questions]:
        return {video_id: questions_of(self.run, video) for video_id, video in self.videos.items()}

    @cached_property
    def _with_gold(self) -> list[PointCandidate]:
        return with_gold(self._sampled, tables.GOLD.records(tables.GOLD.read(self.run.path)))

    @cached_property
    def _sampled(self) -> list[PointCandidate]:
        return tables.CANDIDATES.records(tables.CANDIDATES.read(self.run.path))

    @cached_property
    def objects(self) -> Mapping[ObjectKey, AskedObject]:
        """What is asked about."""
        return asked_objects(tables.LOCALIZATIONS.read(self.run.path))

    @cached_property
    def videos(self) -> Mapping[str, Video]:
        """All videos by id."""
        return {video.video_id: video for video in videos_of(self.run)}

    @cached_property
    def maker(self) -> MediaMaker:
        """Draws the pictures."""
        return MediaMaker(self.media, self._frame_file, self._masks_of, self.candidates, self.objects)

    def tasks_file(self, design: str) -> AnyPath:
        """The ledger of the tasks of one design."""
        return self.run.path / tables.TASKS.name / f"{design}.parquet"

    def tasks(self, design: str) -> list[ReviewTask]:
        """The tasks of one design that were pushed at any time, less those that are outdated."""
        return [task for task in self._pushed(design) if self._is_current(task)]

    def outdated(self, design: str) -> list[ReviewTask]:
        """Pushed tasks about candidates that the run has no more, since their video was annotated anew."""
        return [task for task in self._pushed(design) if not self._is_current(task)]

    def _pushed(self, design: str) -> list[ReviewTask]:
        path = self.tasks_file(design)
        return tables.TASKS.records(tables.TASKS.read_files([path])) if path.exists() else []

    def _is_current(self, task: ReviewTask) -> bool:
        return all(candidate_id in self.candidates for candidate_id in task.candidate_ids)

    def notes(self, design: str) -> QueueNotes:
        """What we noted of the queue of one design."""
        return QueueNotes.read(self.tasks_file(design))

    def write_notes(self, design: str, **news: Any) -> None:
        """Note what is news, fields of :class:`QueueNotes`."""
        with one_at_a_time(self.run, "note", is_told=False):
            if (notes := replace(self.notes(design), **news)) != self.notes(design):
                self._write(design, [], notes)

    def write_tasks(self, design: str, tasks: list[ReviewTask], **news: Any) -> None:
        """Our ledger, before the server hears of them; tasks of earlier pushes stay, their answers refer to them."""
        with one_at_a_time(self.run, "note", is_told=False):
            self._write(design, tasks, replace(self.notes(design), **news))

    def _write(self, design: str, tasks: list[ReviewTask], notes: QueueNotes) -> None:
        now = {task.task_key for task in tasks}
        old = [task for task in self._pushed(design) if task.task_key not in now]
        tables.TASKS.write(self.tasks_file(design), [*tasks, *old], {**self.run.metadata(), **notes.metadata()})

    def payloads(self, tasks: list[ReviewTask]) -> Iterator[Payload]:
        """What the server is given, one task at a time."""
        for task in tasks:
            video, names = self.videos[task.video_id], self.maker.names(task)
            asked = self.objects.get((task.video_id, task.object_id), AskedObject())
            points = [self.candidates[candidate_id] for candidate_id in task.candidate_ids]
            has_clip = (self.media / names.clip).exists()
            yield payload(Question(task, points, asked, names, video.height, video.width, has_clip))

    def _frame_file(self, video_id: str, frame_idx: int) -> AnyPath:
        return self.run.frame_file(video_id, frame_idx)

    def _masks_of(self, video_id: str) -> Mapping[tuple[str, int], Mask]:
        table = tables.MASKS.read_files(self._mask_files.get(video_id, []), [("video_id", "=", video_id)])
        return {(mask.object_id, mask.frame_idx): mask for mask in tables.MASKS.records(table)}

    @cached_property
    def _mask_files(self) -> Mapping[str, list[AnyPath]]:
        files: dict[str, list[AnyPath]] = {}
        for path in tables.MASKS.files(self.run.path):
            with damage_named(path):
                video_ids = (
                    pq.read_table(parquet_source(path), columns=["video_id"], partitioning=None)[0].unique().to_pylist()
                )
            for video_id in video_ids:
                files.setdefault(video_id, []).append(path)
        return files


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
        raise UsageProblem("--url and --api-key-file go together: give both for your own server, or none")
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

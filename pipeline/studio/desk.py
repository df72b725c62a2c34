"""The studio's desk: what its page asks, done with the production code on one run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from pipeline.refining.verified import Verified
from pipeline.runs.rounds import VideoRounds
from pipeline.studio.background import Background
from pipeline.studio.bench import Bench
from pipeline.studio.correcting import Corrector
from pipeline.studio.films import Film, opener_of, thumbnail
from pipeline.studio.hint_book import localizations
from pipeline.studio.mask_store import MaskStore, drawn_masks
from pipeline.studio.pace import Pace
from pipeline.studio.setting_aside import set_aside
from pipeline.studio.sketching import Sketcher
from pipeline.studio.tasks import Refine, Track
from pipeline.studio.views import VideoFacts, card_of, next_look
from pipeline.studio.work import StudioWork, Task
from schemas import tables
from schemas.jobs import VideoJob
from schemas.video_files import VideoFile
from stages.video import DecodeError, selected_frames
from verification_ui.gate.refusals import Refusal
from verification_ui.studio.desk import DrawnMask, Hint, Look, Sketch, VideoCard, VideoView, WorkStep
from verification_ui.studio.events import Events


@dataclass
class StudioDesk:
    """See :class:`verification_ui.studio.desk.Desk`.

    Attributes:
        bench: the run.
        sketcher: answers clicks.
        background: makes masks.
        events: told what happens.
    """

    bench: Bench
    sketcher: Sketcher
    background: Background
    events: Events
    _stores: dict[str, MaskStore] = field(default_factory=dict)
    _seen: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.bench.tell_film = self._tell_film
        self._corrector = Corrector(self.bench, self.sketcher)
        self._work = StudioWork(
            self.bench.run, self.background, self.events, Pace(self.bench.config), self._lock,
            draw=lambda task, masks: self._store(task.job.file).put(masks), outcome=self._outcome, forget=self._forget,
        )  # fmt: skip

    def videos(self) -> list[VideoCard]:
        """All videos, in order."""
        tracked, none = self.bench.all_tracked(), MaskStore()
        return [
            card_of(
                number,
                VideoFacts(file, self.bench.book.of(file.video_id), tracked.get(file.video_id), none, None),
                self.bench,
                self._work.state(file.video_id),
            )
            for number, file in enumerate(self.bench.files)
        ]

    def thumbnail(self, number: int) -> bytes:
        """A small JPEG of a video's first frame."""
        file = self.bench.file(number)
        try:
            frame = next(selected_frames(file, [0], opener_of(file)), None)
        except DecodeError as problem:
            raise Refusal(str(problem), 409) from None
        if frame is None:
            raise Refusal(f"the first frame of {file.video_id} cannot be decoded", 409)
        return thumbnail(frame.image)

    def open(self, number: int) -> VideoView:
        """Begin to work on a video: its frames are made ready."""
        file = self.bench.file(number)
        film, facts = self.bench.film(file, is_opened=True), self._facts(file)
        video, rounds, state = facts.video, facts.rounds, self._work.state(file.video_id)
        return VideoView(
            card=card_of(number, facts, self.bench, state, film),
            n_ready=film.n_ready,
            is_whole=film.is_whole,
            objects=facts.objects(self.bench.names(video) if video else {}),
            hints=facts.hints,
            cuts=video.cuts if video else (),
            round=rounds.number if rounds else 0,
            can_undo=rounds is not None and rounds.undone_to() is not None,
            pending=facts.pending(),
            lines=facts.lines(self.bench, video.n_frames if video else film.n_ready),
            work=self._work.step if state else WorkStep(),
            note=self._work.notes.get(file.video_id, ""),
        )

    def frame(self, number: int, frame_idx: int, is_full: bool) -> bytes:
        """JPEG of one frame, at the page's size or at the video's own."""
        film = self.bench.film(self.bench.file(number))
        return film.full(frame_idx) if is_full else film.view(frame_idx)

    def sketch(self, number: int, frame_idx: int) -> Sketch:
        """The masks of a frame's hints and waiting corrections; the frame is made ready for clicks."""
        return self._sketch(self.bench.file(number), frame_idx)

    def _sketch(self, file: VideoFile, frame_idx: int, only: str = "") -> Sketch:
        image = self.bench.film(file).exact(frame_idx)
        if self.bench.tracked(file) is not None:
            return self._corrector.preview(file, frame_idx, only)
        here = [hint for hint in self.bench.book.of(file.video_id) if hint.frame_idx == frame_idx]
        parsed = localizations(file.video_id, here, str(self.bench.book.path))
        return self.sketcher.draw((file.video_id, frame_idx), image, parsed.localizations, parsed.rejects, only)

    def hint(self, number: int, hint: Hint) -> Sketch:
        """Keep what was drawn on an object and a frame in the place of what was there, and draw its mask."""
        with self._lock:
            file = self._markable(number)
            self._require_own_hints()
            self.bench.film(file).exact(hint.frame_idx)  # there is such a frame
            if self.bench.tracked(file) is not None:
                if hint.object_id in self._store(file).object_ids():
                    raise Refusal(f"object {hint.object_id} has masks already; correct them instead", 409)
                self._corrector.keep(file, hint.object_id, hint.frame_idx, "add", hint)
            self.bench.book.put(file.video_id, hint)
        return self._sketch(file, hint.frame_idx, hint.object_id)

    def rename(self, number: int, object_id: str, name: str) -> None:
        """Give an object a name."""
        with self._lock:
            file = self._markable(number)
            self._require_own_hints()
            self.bench.book.rename(file.video_id, object_id, name)
            self._corrector.settle(file)

    def delete(self, number: int, object_id: str) -> None:
        """Remove an object, its hints and its masks."""
        with self._lock:
            file = self._changeable(number)
            if self.bench.tracked(file) is None:
                self._require_own_hints()
                self.bench.book.remove(file.video_id, object_id)
                return
            self._corrector.delete(file, object_id)
            self._stores.pop(file.video_id, None)

    def plan(self, number: int) -> float:
        """Seconds that tracking a video will take; 0 while that is not known."""
        file = self.bench.file(number)
        hints = self.bench.book.of(file.video_id)
        drawn = localizations(file.video_id, hints, str(self.bench.book.path)).localizations
        return self._work.pace.plan(VideoJob(file, tuple(drawn), "")) if drawn else 0.0

    def track(self, number: int) -> None:
        """Begin to make the masks of all frames, in the background."""
        with self._lock:
            file = self._changeable(number)
            job = self.bench.job(file)
            self._stores[file.video_id] = MaskStore()
            if (video := self.bench.tracked(file)) is not None:
                set_aside(self.bench.run, video)
            self._corrector.forget(file)
            self._work.begin(Track(job), self._work.pace.plan(job))

    def refine(self, number: int) -> None:
        """Begin the round of all pending corrections, in the background."""
        with self._lock:
            file = self._changeable(number)
            video, rounds = self.bench.tracked(file), self._corrector.rounds(file)
            if video is None or rounds is None or not rounds.pending:
                raise Refusal("no correction waits for a round", 409)
            self._work.begin(Refine(self.bench.job(file), video, self.bench.films))

    def correct(self, number: int, hint: Hint) -> Sketch:
        """Keep corrections of a tracked mask, and draw what they make of it; nothing is propagated yet."""
        with self._lock:
            file = self._markable(number)
            self.bench.film(file).exact(hint.frame_idx)
            self._corrector.keep(file, hint.object_id, hint.frame_idx, "clicks", hint)
        return self._sketch(file, hint.frame_idx, hint.object_id)

    def say(self, number: int, object_id: str, frame_idx: int, kind: str) -> None:
        """Say that an object is ``absent`` on a frame, or ``lock`` its mask; the same again takes it back."""
        with self._lock:
            file = self._markable(number)
            self.bench.film(file).exact(frame_idx)
            if kind == "lock" and self._store(file).get(object_id, frame_idx) is None:
                raise Refusal(f"object {object_id} has no mask on frame {frame_idx} that could be locked", 409)
            is_said = self._corrector.is_said(file, object_id, frame_idx, kind)
            empty = Hint(object_id, frame_idx) if is_said else None
            self._corrector.keep(file, object_id, frame_idx, kind, empty)

    def undo(self, number: int) -> None:
        """Take back the last round."""
        with self._lock:
            file = self._changeable(number)
            self._corrector.undo(file)
            self._stores.pop(file.video_id, None)

    def pause(self, is_paused: bool) -> None:
        """Hold the work in the background, or go on."""
        self._work.pause(is_paused)

    def stop(self) -> None:
        """End the work in the background; nothing of it is kept."""
        self._work.stop()

    def masks(self, number: int, start: int, stop: int, at_round: int | None) -> list[DrawnMask]:
        """Masks of frames ``start`` to ``stop - 1``, of the present state or as they were after ``at_round``."""
        file = self.bench.file(number)
        if at_round is None:
            return self._store(file).between(start, stop)
        rounds = self._corrector.rounds(file)
        then = rounds.at(at_round) if rounds else []
        return drawn_masks([mask for mask in then if start <= mask.frame_idx < stop])

    def next_look(self, number: int, after: int) -> Look | None:
        """Where a look is worth most, not where one was just sent to; None when nothing is in doubt."""
        file = self.bench.file(number)
        facts, seen = self._facts(file), self._seen.setdefault(file.video_id, [])
        names = {one.object_id: one.name for one in facts.objects(self.bench.names(facts.video) if facts.video else {})}
        verified = Verified.read(self.bench.run, facts.video) if facts.video else None
        found = next_look(facts, names, seen, verified)
        if found is not None:
            seen.append((found.object_id, found.frame_idx))
        return found

    def _markable(self, number: int) -> VideoFile:
        """A video that nothing is being done to; another one may be tracked meanwhile.

        Raises:
            Refusal: something is.
        """
        file, task = self.bench.file(number), self._work.task
        if task is not None and task.job.video_id == file.video_id:
            raise Refusal(f"masks of {file.video_id} are being made; wait for them, or stop it", 409)
        return file

    def _changeable(self, number: int) -> VideoFile:
        """A video that nothing is being done to, while nothing else is being done.

        Raises:
            Refusal: something is.
        """
        if (task := self._work.task) is not None:
            raise Refusal(f"masks of {task.job.video_id} are being made; wait for them, or stop it", 409)
        return self.bench.file(number)

    def _require_own_hints(self) -> None:
        """Raise Refusal when the run was made from a file that the studio does not write."""
        if not self.bench.owns_hints:
            where = self.bench.config.localizations
            raise Refusal(f"this run reads its hints from {where}; open another --run to draw your own", 409)

    def _store(self, file: VideoFile) -> MaskStore:
        with self._lock:
            if file.video_id not in self._stores:
                video = self.bench.tracked(file)
                self._stores[file.video_id] = MaskStore.read(self.bench.run, video) if video else MaskStore()
            return self._stores[file.video_id]

    def _facts(self, file: VideoFile) -> VideoFacts:
        """What is known of a video."""
        hints, video = self.bench.book.of(file.video_id), self.bench.tracked(file)
        rounds: VideoRounds | None = self._corrector.rounds(file) if video else None
        return VideoFacts(file, hints, video, self._store(file), rounds)

    def _outcome(self, task: Task) -> str:
        """What became of a video, in a sentence; empty when all is well."""
        run, job = self.bench.run, task.job
        if self.bench.tracked(job.file) is not None:
            if isinstance(task, Refine):
                self._corrector.settle(job.file)
            run.drop_superseded({job.video_id: job.unit})
            return ""
        rejects = tables.REJECTS.records(tables.REJECTS.read(run.path, filters=[("key", "=", job.video_id)]))
        return rejects[-1].detail if rejects else "No masks were made; run pointvos doctor on this run folder"

    def _forget(self, task: Task) -> None:
        self._corrector.forget(task.job.file)
        self._stores.pop(task.job.video_id, None)
        self._seen.pop(task.job.video_id, None)

    def _tell_film(self, film: Film) -> None:
        content = {
            "video": film.file.video_id, "ready": film.n_ready, "whole": film.is_whole, "problem": film.problem,
            "fps": film.fps,
        }  # fmt: skip
        self.events.tell("film", content)

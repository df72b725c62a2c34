"""What the studio's page asks for, done with the production code on one run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from pipeline.refining.verified import Verified
from pipeline.runs.rounds import VideoRounds
from pipeline.studio.corrector import Corrector
from pipeline.studio.frame_cache import FrameCache, opener_of, thumbnail
from pipeline.studio.hint_file import localizations
from pipeline.studio.mask_store import MaskStore, page_masks
from pipeline.studio.messages import Refine, Track
from pipeline.studio.previewer import Previewer
from pipeline.studio.previous_results import keep_previous
from pipeline.studio.task_runner import Task, TaskRunner
from pipeline.studio.time_estimate import TimeEstimate
from pipeline.studio.views import VideoFacts, card_of, suggest_next
from pipeline.studio.worker_process import StudioWorker
from pipeline.studio.workspace import Workspace
from schemas import tables
from schemas.jobs import VideoJob
from schemas.video_files import VideoFile
from stages.video import DecodeError, selected_frames
from verification_ui.gate.refusals import Refusal
from verification_ui.studio.events import Events
from verification_ui.studio.records import Hint, PageMask, Preview, SuggestedFrame, VideoCard, VideoView, WorkStep


@dataclass
class RunStudioService:
    """See :class:`verification_ui.studio.service.StudioService`.

    Attributes:
        workspace: the run.
        previewer: answers clicks.
        worker: makes masks.
        events: told what happens.
    """

    workspace: Workspace
    previewer: Previewer
    worker: StudioWorker
    events: Events
    _stores: dict[str, MaskStore] = field(default_factory=dict)
    _seen: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.workspace.on_frames_ready = self._tell_frames
        self._corrector = Corrector(self.workspace, self.previewer)
        self._work = TaskRunner(
            self.workspace.run, self.worker, self.events, TimeEstimate(self.workspace.config), self._lock,
            draw=lambda task, masks: self._store(task.job.file).put(masks), outcome=self._outcome, forget=self._forget,
        )  # fmt: skip

    def videos(self) -> list[VideoCard]:
        """All videos, in order."""
        tracked, none = self.workspace.all_tracked(), MaskStore()
        return [
            card_of(
                number,
                VideoFacts(file, self.workspace.hint_file.of(file.video_id), tracked.get(file.video_id), none, None),
                self.workspace,
                self._work.state(file.video_id),
            )
            for number, file in enumerate(self.workspace.files)
        ]

    def thumbnail(self, number: int) -> bytes:
        """A small JPEG of a video's first frame."""
        file = self.workspace.file(number)
        try:
            frame = next(selected_frames(file, [0], opener_of(file)), None)
        except DecodeError as problem:
            raise Refusal(str(problem), 409) from None
        if frame is None:
            raise Refusal(f"the first frame of {file.video_id} cannot be decoded", 409)
        return thumbnail(frame.image)

    def open(self, number: int) -> VideoView:
        """Begin to work on a video: its frames are made ready."""
        file = self.workspace.file(number)
        frames, facts = self.workspace.frames(file, is_opened=True), self._facts(file)
        video, rounds, state = facts.video, facts.rounds, self._work.state(file.video_id)
        return VideoView(
            card=card_of(number, facts, self.workspace, state, frames),
            n_ready=frames.n_ready,
            is_whole=frames.is_whole,
            objects=facts.objects(self.workspace.names(video) if video else {}),
            hints=facts.hints,
            cuts=video.cuts if video else (),
            round=rounds.number if rounds else 0,
            can_undo=rounds is not None and rounds.undone_to() is not None,
            pending=facts.pending(),
            lines=facts.lines(self.workspace, video.n_frames if video else frames.n_ready),
            work=self._work.step if state else WorkStep(),
            note=self._work.notes.get(file.video_id, ""),
        )

    def frame(self, number: int, frame_idx: int, is_full: bool) -> bytes:
        """JPEG of one frame, at the page's size or at the video's own."""
        frames = self.workspace.frames(self.workspace.file(number))
        return frames.full(frame_idx) if is_full else frames.view(frame_idx)

    def preview(self, number: int, frame_idx: int) -> Preview:
        """The masks of a frame's hints and waiting corrections; the frame is made ready for clicks."""
        return self._preview(self.workspace.file(number), frame_idx)

    def _preview(self, file: VideoFile, frame_idx: int, only: str = "") -> Preview:
        image = self.workspace.frames(file).exact(frame_idx)
        if self.workspace.tracked(file) is not None:
            return self._corrector.preview(file, frame_idx, only)
        here = [hint for hint in self.workspace.hint_file.of(file.video_id) if hint.frame_idx == frame_idx]
        parsed = localizations(file.video_id, here, str(self.workspace.hint_file.path))
        return self.previewer.draw((file.video_id, frame_idx), image, parsed.localizations, parsed.rejects, only)

    def hint(self, number: int, hint: Hint) -> Preview:
        """Keep what was drawn on an object and a frame, replacing the earlier hint, and draw its mask."""
        with self._lock:
            file = self._markable(number)
            self._require_own_hints()
            self.workspace.frames(file).exact(hint.frame_idx)  # there is such a frame
            if self.workspace.tracked(file) is not None:
                if hint.object_id in self._store(file).object_ids():
                    raise Refusal(f"object {hint.object_id} has masks already; correct them instead", 409)
                self._corrector.keep(file, hint.object_id, hint.frame_idx, "add", hint)
            self.workspace.hint_file.put(file.video_id, hint)
        return self._preview(file, hint.frame_idx, hint.object_id)

    def rename(self, number: int, object_id: str, name: str) -> None:
        """Give an object a name."""
        with self._lock:
            file = self._markable(number)
            self._require_own_hints()
            self.workspace.hint_file.rename(file.video_id, object_id, name)
            self._corrector.update_hash(file)

    def delete(self, number: int, object_id: str) -> None:
        """Remove an object, its hints and its masks."""
        with self._lock:
            file = self._changeable(number)
            if self.workspace.tracked(file) is None:
                self._require_own_hints()
                self.workspace.hint_file.remove(file.video_id, object_id)
                return
            self._corrector.delete(file, object_id)
            self._stores.pop(file.video_id, None)

    def plan(self, number: int) -> float:
        """Seconds that tracking a video will take; 0 while that is not known."""
        file = self.workspace.file(number)
        hints = self.workspace.hint_file.of(file.video_id)
        drawn = localizations(file.video_id, hints, str(self.workspace.hint_file.path)).localizations
        return self._work.estimate.plan(VideoJob(file, tuple(drawn), "")) if drawn else 0.0

    def track(self, number: int) -> None:
        """Begin to make the masks of all frames, in the background."""
        with self._lock:
            file = self._changeable(number)
            job = self.workspace.job(file)
            self._stores[file.video_id] = MaskStore()
            if (video := self.workspace.tracked(file)) is not None:
                keep_previous(self.workspace.run, video)
            self._corrector.forget(file)
            self._work.begin(Track(job), self._work.estimate.plan(job))

    def refine(self, number: int) -> None:
        """Begin the round of all pending corrections, in the background."""
        with self._lock:
            file = self._changeable(number)
            video, rounds = self.workspace.tracked(file), self._corrector.rounds(file)
            if video is None or rounds is None or not rounds.pending:
                raise Refusal("there are no pending corrections", 409)
            self._work.begin(Refine(self.workspace.job(file), video, self.workspace.frames_folder))

    def correct(self, number: int, hint: Hint) -> Preview:
        """Keep corrections of a tracked mask, and draw what they make of it; nothing is propagated yet."""
        with self._lock:
            file = self._markable(number)
            self.workspace.frames(file).exact(hint.frame_idx)
            self._corrector.keep(file, hint.object_id, hint.frame_idx, "clicks", hint)
        return self._preview(file, hint.frame_idx, hint.object_id)

    def toggle_mark(self, number: int, object_id: str, frame_idx: int, kind: str) -> None:
        """Mark an object as ``absent`` on a frame, or ``lock`` its mask there; the same call again removes the mark."""
        with self._lock:
            file = self._markable(number)
            self.workspace.frames(file).exact(frame_idx)
            if kind == "lock" and self._store(file).get(object_id, frame_idx) is None:
                raise Refusal(f"object {object_id} has no mask on frame {frame_idx} that could be locked", 409)
            is_pending = self._corrector.is_pending(file, object_id, frame_idx, kind)
            empty = Hint(object_id, frame_idx) if is_pending else None
            self._corrector.keep(file, object_id, frame_idx, kind, empty)

    def undo(self, number: int) -> None:
        """Take back the last round."""
        with self._lock:
            file = self._changeable(number)
            self._corrector.undo(file)
            self._stores.pop(file.video_id, None)

    def pause(self, is_paused: bool) -> None:
        """Hold the work in the worker, or go on."""
        self._work.pause(is_paused)

    def stop(self) -> None:
        """End the work in the background; nothing of it is kept."""
        self._work.stop()

    def masks(self, number: int, start: int, stop: int, at_round: int | None) -> list[PageMask]:
        """Masks of frames ``start`` to ``stop - 1``, of the present state or as they were after ``at_round``."""
        file = self.workspace.file(number)
        if at_round is None:
            return self._store(file).between(start, stop)
        rounds = self._corrector.rounds(file)
        then = rounds.at(at_round) if rounds else []
        return page_masks([mask for mask in then if start <= mask.frame_idx < stop])

    def suggest_next(self, number: int, after: int) -> SuggestedFrame | None:
        """The frame most worth checking, not where one was just sent to; None when nothing is in doubt."""
        file = self.workspace.file(number)
        facts, seen = self._facts(file), self._seen.setdefault(file.video_id, [])
        names = {
            one.object_id: one.name for one in facts.objects(self.workspace.names(facts.video) if facts.video else {})
        }
        verified = Verified.read(self.workspace.run, facts.video) if facts.video else None
        found = suggest_next(facts, names, seen, verified)
        if found is not None:
            seen.append((found.object_id, found.frame_idx))
        return found

    def _markable(self, number: int) -> VideoFile:
        """A video that nothing is being done to; another one may be tracked meanwhile.

        Raises:
            Refusal: something is.
        """
        file, task = self.workspace.file(number), self._work.task
        if task is not None and task.job.video_id == file.video_id:
            raise Refusal(f"masks of {file.video_id} are being made; wait, or stop the work", 409)
        return file

    def _changeable(self, number: int) -> VideoFile:
        """A video that nothing is being done to, while nothing else is being done.

        Raises:
            Refusal: something is.
        """
        if (task := self._work.task) is not None:
            raise Refusal(f"masks of {task.job.video_id} are being made; wait, or stop the work", 409)
        return self.workspace.file(number)

    def _require_own_hints(self) -> None:
        """Raise Refusal when the run was made from a file that the studio does not write."""
        if not self.workspace.owns_hints:
            where = self.workspace.config.localizations
            raise Refusal(f"this run reads its hints from {where}; open another --run to draw your own", 409)

    def _store(self, file: VideoFile) -> MaskStore:
        with self._lock:
            if file.video_id not in self._stores:
                video = self.workspace.tracked(file)
                self._stores[file.video_id] = MaskStore.read(self.workspace.run, video) if video else MaskStore()
            return self._stores[file.video_id]

    def _facts(self, file: VideoFile) -> VideoFacts:
        """What is known of a video."""
        hints, video = self.workspace.hint_file.of(file.video_id), self.workspace.tracked(file)
        rounds: VideoRounds | None = self._corrector.rounds(file) if video else None
        return VideoFacts(file, hints, video, self._store(file), rounds)

    def _outcome(self, task: Task) -> str:
        """The outcome of a video, in a sentence; empty when all is well."""
        run, job = self.workspace.run, task.job
        if self.workspace.tracked(job.file) is not None:
            if isinstance(task, Refine):
                self._corrector.update_hash(job.file)
            run.drop_superseded({job.video_id: job.unit})
            return ""
        rejects = tables.REJECTS.records(tables.REJECTS.read(run.path, filters=[("key", "=", job.video_id)]))
        return rejects[-1].detail if rejects else "No masks were made; run pointvos doctor on this run folder"

    def _forget(self, task: Task) -> None:
        self._corrector.forget(task.job.file)
        self._stores.pop(task.job.video_id, None)
        self._seen.pop(task.job.video_id, None)

    def _tell_frames(self, frames: FrameCache) -> None:
        content = {
            "video": frames.file.video_id, "ready": frames.n_ready, "whole": frames.is_whole, "problem": frames.problem,
            "fps": frames.fps,
        }  # fmt: skip
        self.events.tell("frames", content)

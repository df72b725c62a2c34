"""What a person says of the masks of a tracked video: kept at once, shown at once, worked on as one round."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from pipeline.refining.candidates import redraw_candidates, redrawing_of
from pipeline.refining.correction_round import changes_without_model
from pipeline.refining.state import draw_correction, state_of
from pipeline.refining.verified import Verified
from pipeline.runs.rounds import VideoRounds, commit_round, move_unit, write_corrections
from pipeline.studio.hint_file import HintFile, localizations
from pipeline.studio.previewer import Previewer
from pipeline.studio.workspace import Workspace
from schemas.corrections import Correction
from schemas.localizations import Localization
from schemas.masks import encode_rle
from schemas.remote_paths import AnyPath
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.video import DecodeError
from verification_ui.gate.refusals import Refusal
from verification_ui.studio.records import Hint, PageMask, Preview

_STROKE_CLICKS = 4


@dataclass
class Corrector:
    """The corrections of a run's videos.

    Attributes:
        workspace: the run.
        previewer: answers clicks.
    """

    workspace: Workspace
    previewer: Previewer
    _rounds: dict[str, tuple[str, VideoRounds]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def rounds(self, file: VideoFile) -> VideoRounds | None:
        """All rounds of a video; None when it is not tracked."""
        video = self.workspace.tracked(file)
        return None if video is None else self._read(video)

    def forget(self, file: VideoFile) -> None:
        """Read a video again: somebody else has written its masks."""
        with self._lock:
            self._rounds.pop(file.video_id, None)

    def keep(self, file: VideoFile, object_id: str, frame_idx: int, kind: str, hint: Hint | None = None) -> None:
        """Keep one correction, replacing the earlier one of its object and frame; an empty hint removes it."""
        with self._lock:
            video, rounds = self._video_and_rounds(file)
            others = [
                one
                for one in rounds.corrections
                if one.round <= rounds.number or (one.object_id, one.frame_idx) != (object_id, frame_idx)
            ]
            if hint is None or not hint.is_empty:
                others.append(self._correction(video, rounds, object_id, frame_idx, kind, hint))
            self._write(video, rounds, others)

    def is_pending(self, file: VideoFile, object_id: str, frame_idx: int, kind: str) -> bool:
        """Whether this correction waits for its round."""
        rounds = self.rounds(file)
        asked = (object_id, frame_idx, kind)
        return rounds is not None and any((c.object_id, c.frame_idx, c.kind) == asked for c in rounds.pending)

    def preview(self, file: VideoFile, frame_idx: int, only: str = "") -> Preview:
        """What the pending corrections of a frame, or of one object there, make of its masks."""
        video, rounds = self._video_and_rounds(file)
        waiting = [one for one in rounds.pending if one.frame_idx == frame_idx and one.kind in ("clicks", "add")]
        here = [one for one in waiting if only in ("", one.object_id)]
        if not here:
            return Preview(frame_idx, ())
        image = self.workspace.frames(file).exact(frame_idx)
        own = self.localizations(file)
        state = state_of(
            video, rounds, {loc.object_id: loc.group for loc in own}, Verified.read(self.workspace.run, video)
        )
        at = [loc for loc in own if loc.frame_idx == frame_idx]
        masks, problems = [], {}
        for one in here:
            try:
                with self.previewer.alone() as segmenter:
                    drawing, quality = draw_correction(state, segmenter, image, one, at)
                source = "segmenter" if one.kind == "add" else "human"
                free = state.free(one.object_id, frame_idx, drawing)
                masks.append(PageMask(one.object_id, frame_idx, encode_rle(free), quality, source))
            except ValueError as problem:
                problems[one.object_id] = str(problem)
        return Preview(frame_idx, tuple(masks), problems)

    def localizations(self, file: VideoFile) -> list[Localization]:
        """The hints of a video as they are now."""
        if self.workspace.owns_hints:
            hints = self.workspace.hint_file.of(file.video_id)
            return list(localizations(file.video_id, hints, str(self.workspace.hint_file.path)).localizations)
        return list(self.workspace.job(file).localizations)

    def update_hash(self, file: VideoFile) -> None:
        """Give a video the hash of its hints as they are now, once a round has worked on them."""
        video = self.workspace.tracked(file)
        if video is not None and self.workspace.owns_hints and self.workspace.hint_file.of(file.video_id):
            job = self.workspace.job(file)
            move_unit(self.workspace.run, video, job.unit, job.localizations)
        self.forget(file)

    def undo(self, file: VideoFile) -> None:
        """Take back the last round; corrections that wait stay.

        Raises:
            Refusal: there is none.
        """
        with self._lock:
            video, rounds = self._video_and_rounds(file)
            to_round = rounds.undone_to()
            if to_round is None:
                raise Refusal("there is no round to undo", 409)
            gone = [one for one in rounds.in_effect if one.round > to_round]
            row = Correction(file.video_id, "", 0, "undo", rounds.number + 1, to_round=to_round)
            self._commit_without_model(file, video, rounds, row)
            for one in gone:
                self._restore_hints(file, one)
            self.update_hash(file)

    def delete(self, file: VideoFile, object_id: str) -> None:
        """Take an object out of a tracked video, as a round that can be taken back."""
        with self._lock:
            video, rounds = self._video_and_rounds(file)
            kept = [one for one in rounds.corrections if one.round <= rounds.number or one.object_id != object_id]
            rounds = replace(rounds, corrections=tuple(kept))
            row = Correction(file.video_id, object_id, 0, "delete", rounds.number + 1)
            if self.workspace.owns_hints:
                own = [hint for hint in self.workspace.hint_file.of(file.video_id) if hint.object_id == object_id]
                self._removed(file).put(row.round, own)
            self._commit_without_model(file, video, rounds, row)
            if self.workspace.owns_hints:
                self.workspace.hint_file.remove(file.video_id, object_id)
            self.update_hash(file)

    def _commit_without_model(self, file: VideoFile, video: Video, rounds: VideoRounds, row: Correction) -> None:
        """A round that needs no model; corrections that wait go to the round behind it."""
        later = [replace(one, round=row.round + 1) for one in rounds.pending]
        done = [one for one in rounds.corrections if one.round <= rounds.number]
        rounds = self._write(video, rounds, [*done, row, *later])
        run = self.workspace.run
        rounds = commit_round(run, video, rounds, changes_without_model(rounds, row))
        groups = {loc.object_id: loc.group for loc in self.localizations(file)}
        with suppress(DecodeError, LookupError):  # a video that is gone or changed keeps its candidates
            frames = self.workspace.frames(file).between
            redraw_candidates(run, video, rounds, groups, frames, redrawing_of(run, self.workspace.config))

    def _restore_hints(self, file: VideoFile, undone: Correction) -> None:
        if undone.kind == "delete":
            for hint in self._removed(file).of(undone.round):
                self.workspace.hint_file.put(file.video_id, hint)
        elif undone.kind == "add":
            self.workspace.hint_file.remove(file.video_id, undone.object_id)

    def _removed(self, file: VideoFile) -> _RemovedHints:
        return _RemovedHints(self.workspace.run.path / "studio" / "removed-hints.json", file.video_id)

    def _correction(
        self, video: Video, rounds: VideoRounds, object_id: str, frame_idx: int, kind: str, hint: Hint | None
    ) -> Correction:
        points = list(hint.points) if hint is not None and kind == "clicks" else []
        for stroke in hint.strokes if hint is not None and kind == "clicks" else ():
            chosen = stroke[:: max(1, len(stroke) // _STROKE_CLICKS)][:_STROKE_CLICKS]
            points += [(int(x * (video.width - 1)), int(y * (video.height - 1)), 1) for x, y in chosen]
        x, y, label = (tuple(column) for column in zip(*points, strict=True)) if points else ((), (), ())
        return Correction(
            video.video_id, object_id, frame_idx, kind, rounds.number + 1, tuple(map(float, x)), tuple(map(float, y)),
            tuple(map(int, label)), box_px=hint.box or () if hint is not None and kind == "clicks" else (),
        )  # fmt: skip

    def _video_and_rounds(self, file: VideoFile) -> tuple[Video, VideoRounds]:
        video = self.workspace.tracked(file)
        if video is None:
            raise Refusal(f"{file.video_id} is not tracked yet", 409)
        return video, self._read(video)

    def _read(self, video: Video) -> VideoRounds:
        with self._lock:
            unit, rounds = self._rounds.get(video.video_id, ("", None))
            if rounds is None or unit != video.unit:
                rounds = VideoRounds.read(self.workspace.run, video)
                self._rounds[video.video_id] = (video.unit, rounds)
            return rounds

    def _write(self, video: Video, rounds: VideoRounds, corrections: Sequence[Correction]) -> VideoRounds:
        write_corrections(self.workspace.run, video, corrections)
        rounds = replace(rounds, corrections=tuple(corrections))
        self._rounds[video.video_id] = (video.unit, rounds)
        return rounds


@dataclass(frozen=True, slots=True)
class _RemovedHints:
    """Hints of deleted objects, by the round that deleted them, for whoever takes it back."""

    path: AnyPath
    video_id: str

    def put(self, number: int, hints: Sequence[Hint]) -> None:
        file = HintFile.read(self._path(number))
        for hint in hints:
            file.put(self.video_id, hint)

    def of(self, number: int) -> tuple[Hint, ...]:
        return HintFile.read(self._path(number)).of(self.video_id)

    def _path(self, number: int) -> AnyPath:
        return self.path.with_name(f"removed-in-round-{number}.json")

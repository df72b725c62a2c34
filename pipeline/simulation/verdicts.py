"""Simulated people in correction rounds by verdicts alone: nobody clicks, masks are corrected by answers to points.

After round 1 candidates are drawn where masks are in doubt, as ``pointvos resample --doubts`` does. In every later
round a simulated annotator answers the open ones, the answers become verified points, and ``pointvos refine``'s code
corrects the masks by them and draws the next candidates. The answers of each round are a file of ``verdicts/``, written
before the work on them, so an interrupted run continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from pipeline.refining.answers import AnswersInRun
from pipeline.refining.flags import write_flags
from pipeline.refining.hints import VideoHints
from pipeline.refining.videos import refine_with_feedback
from pipeline.runs.names import unit_name
from pipeline.runs.points import write_points
from pipeline.runs.resampling import Resampling, resample_video
from pipeline.runs.rounds import VideoRounds, round_marks, round_of
from pipeline.runs.spool import VideoOpener
from pipeline.runs.units import unit_records
from pipeline.simulation.answers import second_look_tasks, second_looks, true_answers
from pipeline.simulation.rounds import GivenLabel, Interaction, Session
from schemas import tables
from schemas.points import PointCandidate
from schemas.ranges import VideoKey, VideoRange
from schemas.remote_paths import AnyPath
from schemas.tables import Record, Table
from schemas.videos import Video
from stages.consensus.opinions import majority
from stages.consensus.points import split_of
from stages.consensus.run_verdicts import RunVerdicts
from stages.simulate.annotator import Annotator, SimulatedAnnotator


@dataclass
class VerdictSession(Session):
    """One video whose masks are corrected by answers to points; the user gives the first hints alone.

    Attributes:
        annotator: who answers, and looks again where an answer contradicts the proposal.
    """

    annotator: Annotator = field(default_factory=SimulatedAnnotator)

    def play(self, n_rounds: int) -> Iterator[int]:
        """Work until round ``n_rounds`` is done, or there is nothing left to ask; yields the number of each round.

        Raises:
            ValueError: the video cannot be annotated, or nothing comes of a correction.
        """
        yield from super().play(1)
        video = self.video()
        if video is None or n_rounds == 1:
            return
        key, tools = VideoKey(video.video_id, video.unit), self.tools()
        if not self._answers(video, 1).is_file():
            sampling, quality = self.config.sampling, self.config.jpeg_quality
            resample_video(self.run, key, Resampling(sampling, quality, VideoOpener()), tools.models.segmenter)
        for number in range(1, n_rounds):
            if not self._answers(video, number + 1).is_file():  # else the work on these answers is done
                if not self._answers(video, number).is_file() and not self._answer(video, number):
                    return
                opinions = majority(self._votes(video, number).deciding())
                write_points(self.run, VideoRange(0, (key,)), opinions, partial(split_of, val_share=0.0))
                state = refine_with_feedback(self.run, video, VideoHints.of(self.job.localizations), {}, tools)
                write_flags(self.run, state)
            yield number + 1

    def interactions(self, rounds: VideoRounds) -> list[Interaction]:
        """What was done in each round, the first hints first."""
        video, found = self.video(), [self.first_interaction()]
        if video is None:
            return found
        frame_of = {one.candidate_id: one.frame_idx for one in unit_records(self.run, tables.CANDIDATES, video)}
        while (file := self._answers(video, len(found))).is_file():
            given = _records(tables.VERDICTS, file)
            frames = sorted({frame_of[one.candidate_id] for one in given})
            behind = self._answers(video, len(found) + 1)
            number = round_of(behind) if behind.is_file() else rounds.number
            found.append(Interaction(tuple(frames), len(given), sum(one.lead_time_s for one in given), number))
        return found

    def labels(self, rounds: VideoRounds) -> Iterator[GivenLabel]:
        """Every verified point."""
        video = self.video()
        for one in unit_records(self.run, tables.POINTS, video) if video else ():
            if one.label is not None:
                yield GivenLabel(one.object_id, one.frame_idx, one.x, one.y, bool(one.label))

    def _answer(self, video: Video, number: int) -> bool:
        """Have the open candidates answered; False when there are none."""
        candidates = unit_records(self.run, tables.CANDIDATES, video)
        known = AnswersInRun(self.run)([one.candidate_id for one in candidates])
        asked: list[PointCandidate] = [one for one in candidates if one.candidate_id not in known]
        first = true_answers(self.annotator, self.truth, video, asked)
        second = second_looks(self.annotator, self.truth, video, asked, first)
        if first:
            marks = {**self.run.metadata(), **round_marks(VideoRounds.read(self.run, video).number)}
            tables.TASKS.write(self._tasks(video, number), second_look_tasks(asked, second), marks)
            tables.VERDICTS.write(self._answers(video, number), [*first, *second], marks)
        return bool(first)

    def _votes(self, video: Video, number: int) -> RunVerdicts:
        """The answers of all rounds so far."""
        rounds = range(1, number + 1)
        given = [one for done in rounds for one in _records(tables.VERDICTS, self._answers(video, done))]
        tasks = [one for done in rounds for one in _records(tables.TASKS, self._tasks(video, done))]
        return RunVerdicts(given, (), second_looks=frozenset(one.task_key for one in tasks))

    def _tasks(self, video: Video, number: int) -> AnyPath:
        """The file of the second looks of a round, written before the answers."""
        return self.run.table_file(tables.TASKS, self._answers(video, number).stem)

    def _answers(self, video: Video, number: int) -> AnyPath:
        """The file of the answers of a round; its marks name the correction round whose masks were asked about."""
        return self.run.table_file(tables.VERDICTS, f"{unit_name(video.video_id, video.unit)}-{number:02d}")


def _records(table: Table[Record], file: AnyPath) -> Sequence[Record]:
    return table.records(table.read_files([file]))

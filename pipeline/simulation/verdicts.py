"""Simulated people in correction rounds by verdicts alone: nobody clicks, masks are corrected by answers to points.

After round 1 candidates are drawn where masks are in doubt, as ``pointvos resample --doubts`` does. In every later
round a simulated annotator answers the open ones, the answers become verified points, and ``pointvos refine``'s code
corrects the masks by them and draws the next candidates. The answers of each round are a file of ``verdicts/``, written
before the work on them, so an interrupted run continues where it stopped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from pipeline.commands.simulate import true_answers
from pipeline.refining.answers import AnswersInRun
from pipeline.refining.flags import write_flags
from pipeline.refining.hints import VideoHints
from pipeline.refining.videos import refine_with_news
from pipeline.runs.folder import unit_name
from pipeline.runs.points import write_points
from pipeline.runs.resampling import resample_video
from pipeline.runs.rounds import VideoRounds, round_marks, round_of
from pipeline.runs.spool import VideoOpener
from pipeline.runs.units import unit_records
from pipeline.simulation.rounds import Act, Session
from schemas import tables
from schemas.points import PointCandidate
from schemas.ranges import VideoKey, VideoRange
from schemas.remote_paths import AnyPath
from schemas.reviews import Verdict
from schemas.videos import Video
from stages.consensus.opinions import majority
from stages.consensus.points import split_of
from stages.simulate.annotator import Annotator, SimulatedAnnotator


@dataclass
class VerdictSession(Session):
    """One video whose masks are corrected by answers to points; the robot gives the first hints alone.

    Attributes:
        annotator: who answers.
    """

    annotator: Annotator = field(default_factory=lambda: SimulatedAnnotator(looks_twice=True))

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
            resample_video(self.run, key, sampling, quality, VideoOpener(), tools.models.segmenter)
        for number in range(1, n_rounds):
            if not self._answers(video, number).is_file() and not self._answer(video, number):
                return
            opinions = majority(self._votes(video, number))
            write_points(self.run, VideoRange(0, (key,)), opinions, partial(split_of, val_share=0.0))
            state = refine_with_news(self.run, video, VideoHints.of(self.job.localizations), {}, tools)
            write_flags(self.run, state)
            yield number + 1

    def acts(self, rounds: VideoRounds) -> list[Act]:
        """What was done in each round, the first hints first."""
        video, found = self.video(), [self.first_act()]
        while video is not None and (file := self._answers(video, len(found))).is_file():
            given = _verdicts(file)
            frames = sorted({int(one.task_key.rpartition(":")[2]) for one in given})
            behind = self._answers(video, len(found) + 1)
            number = round_of(behind) if behind.is_file() else rounds.number
            found.append(Act(tuple(frames), len(given), sum(one.lead_time_s or 0.0 for one in given), number))
        return found

    def _answer(self, video: Video, number: int) -> bool:
        """Have the open candidates answered; False when there are none."""
        candidates = unit_records(self.run, tables.CANDIDATES, video)
        known = AnswersInRun(self.run)([one.candidate_id for one in candidates])
        asked: list[PointCandidate] = [one for one in candidates if one.candidate_id not in known]
        given = true_answers(self.annotator, self.truth, video, asked)
        if given:
            marks = round_marks(VideoRounds.read(self.run, video).number)
            tables.VERDICTS.write(self._answers(video, number), given, {**self.run.metadata(), **marks})
        return bool(given)

    def _votes(self, video: Video, number: int) -> dict[str, list[Verdict]]:
        """The answers of all rounds so far, by candidate id."""
        votes: dict[str, list[Verdict]] = defaultdict(list)
        for given in (_verdicts(self._answers(video, done)) for done in range(1, number + 1)):
            for one in given:
                votes[one.candidate_id].append(one)
        return votes

    def _answers(self, video: Video, number: int) -> AnyPath:
        """The file of the answers of a round; its marks name the correction round whose masks were asked about."""
        return self.run.table_file(tables.VERDICTS, f"{unit_name(video.video_id, video.unit)}-{number:02d}")


def _verdicts(file: AnyPath) -> Sequence[Verdict]:
    return tables.VERDICTS.records(tables.VERDICTS.read_files([file]))

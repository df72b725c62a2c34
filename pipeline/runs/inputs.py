"""What there is to do: videos, what is localized in them, and which of them are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.capacity.footage import frame_facts
from pipeline.config import RunConfig
from pipeline.runs.filesystems import find_videos
from pipeline.runs.hints import read_hints
from pipeline.runs.jobs import make_jobs
from pipeline.terminal.console import UsageProblem
from schemas.jobs import VideoJob
from schemas.localizations import Expression, Localization
from schemas.rejects import Reject
from schemas.video_files import VideoFile
from schemas.wording import many
from stages.backends.localizer import LocalizerError
from stages.backends.localizers import require_localizer
from stages.ingest.errors import IngestError
from stages.ingest.matching import match
from stages.ingest.placing import place


@dataclass(frozen=True, slots=True)
class RunInputs:
    """The input of a run.

    Attributes:
        files: all videos that were found.
        matched: localizations by video id.
        rejects: what could not be used.
        notes: sentences on how the input was understood.
        n_backgrounds: narratives of the background, which are skipped.
    """

    files: Sequence[VideoFile]
    matched: Mapping[str, Sequence[Localization]]
    rejects: Sequence[Reject]
    notes: Sequence[str] = ()
    n_backgrounds: int = 0

    def jobs(self, config: RunConfig) -> list[VideoJob]:
        """One job a video that has localizations, in the order in which they are started."""
        return make_jobs(self.files, self.matched, config.hash())


@dataclass(frozen=True, slots=True)
class JobList:
    """What a command is going to do.

    Attributes:
        jobs: one a video with localizations.
        done: unit hash by video id of what the run folder holds already.
        n_videos: all videos, those without localizations too.
        n_backgrounds: narratives of the background, which are skipped.
    """

    jobs: Sequence[VideoJob]
    done: Mapping[str, str]
    n_videos: int
    n_backgrounds: int = 0

    @property
    def skipped(self) -> str:
        """What was passed over as it should be, for people; empty without any."""
        return many(self.n_backgrounds, "background narrative") if self.n_backgrounds else ""

    @property
    def open_jobs(self) -> list[VideoJob]:
        """Jobs that are not committed yet."""
        return [job for job in self.jobs if self.done.get(job.video_id) != job.unit]


def read_inputs(config: RunConfig) -> RunInputs:
    """Find the videos, read the localizations and match them.

    Raises:
        UsageProblem: something cannot be read, or nothing is localized.
    """
    files, rejects = find_videos(config.videos)
    localizations, bad = read_hints(config.localizations, config.format)
    matches = match(localizations, files)
    facts = frame_facts([file for file in files if file.video_id in matches.by_video])
    try:
        by_video, misplaced = place(matches.by_video, facts, config.coords)
    except IngestError as problem:
        raise UsageProblem(str(problem)) from None
    rejects = [*rejects, *(reject for reject in bad if not reject.is_skip), *matches.rejects, *misplaced]
    n_backgrounds = sum(reject.is_skip for reject in bad)
    if files and not rejects and not by_video and not n_backgrounds:
        raise UsageProblem(f"{config.localizations} holds no hints for any video in {config.videos}")
    return RunInputs(files, by_video, rejects, matches.notes, n_backgrounds)


def require_words_understood(jobs: Sequence[VideoJob], localizer: str) -> None:
    """Stop at once when words need a localizer that cannot work here.

    Raises:
        UsageProblem: its packages or its weights are missing.
    """
    words = [loc.hint for job in jobs for loc in job.localizations if isinstance(loc.hint, Expression)]
    if words:
        try:
            require_localizer(localizer, any(hint.every for hint in words))
        except LocalizerError as problem:
            raise UsageProblem(str(problem)) from None

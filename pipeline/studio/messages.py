"""Messages between the studio and its worker, beside the steps of :mod:`stages.progress`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from schemas.jobs import VideoJob
from schemas.masks import Mask
from schemas.videos import Video


@dataclass(frozen=True, slots=True)
class Track:
    """Annotate one video again, as ``pointvos annotate`` does."""

    job: VideoJob


@dataclass(frozen=True, slots=True)
class Refine:
    """Do the pending corrections of one video as a round.

    Attributes:
        job: the video with its hints as they are now.
        video: what the run knows of it.
        frames_folder: folder of the frames that were made ready for the page; their marks find any frame again.
    """

    job: VideoJob
    video: Video
    frames_folder: Path


@dataclass(frozen=True, slots=True)
class MasksReady:
    """Masks that have just become final."""

    masks: tuple[Mask, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The task is committed, or all of it is rejected: the run folder says which."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The task came to nothing; ``why`` is a sentence."""

    why: str

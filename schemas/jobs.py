"""One video with what is localized in it: the unit of commit, worked on as a whole or one batch of objects a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from schemas.localizations import SEEN, Expression, Localization
from schemas.video_files import VideoFile

JobKey = tuple[str, int | None]
"""(unit, batch) of a job."""


@dataclass(frozen=True, slots=True)
class VideoJob:
    """One video and what is localized in it.

    Attributes:
        file: the video.
        localizations: of all its objects.
        unit: hash of input and settings.
        batch: number of the one batch of objects that this job is for; None for all objects.
    """

    file: VideoFile
    localizations: tuple[Localization, ...]
    unit: str
    batch: int | None = None

    @property
    def job(self) -> VideoJob:
        """Itself, as other elements of the graph know their job."""
        return self

    @property
    def video_id(self) -> str:
        """The video's id."""
        return self.file.video_id

    @property
    def key(self) -> JobKey:
        """Tells jobs of a run apart."""
        return self.unit, self.batch

    @property
    def groups(self) -> dict[str, str]:
        """Object id → group, or empty."""
        return {loc.object_id: loc.group for loc in self.localizations}

    @property
    def seen(self) -> frozenset[tuple[str, int]]:
        """(object id, frame index) of the hints whose masks a person has seen and left as they are."""
        return frozenset((loc.object_id, loc.frame_idx) for loc in self.localizations if loc.rule == SEEN)

    @property
    def n_objects(self) -> int:
        """Objects that are localized in it."""
        return len(self.groups)

    @property
    def has_expressions(self) -> bool:
        """Whether any object has words instead of a place."""
        return any(isinstance(loc.hint, Expression) for loc in self.localizations)

    def n_batches(self, most: int) -> int:
        """Batches of at most ``most`` objects; 0 for all in one."""
        return max(1, -(-self.n_objects // most)) if most else 1

    def by_batch(self, most: int) -> list[VideoJob]:
        """A job for each batch of at most ``most`` objects (0: all); one for all where words have to be localized.

        How many objects words stand for may be known only afterwards, and a localizer should look at a video once.
        """
        n_batches = self.n_batches(most)
        if n_batches == 1 or self.has_expressions:
            return [self]
        return [replace(self, batch=number) for number in range(n_batches)]

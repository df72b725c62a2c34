"""One video with what is localized in it: the unit of work and of commit."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.localizations import SEEN, Localization
from schemas.video_files import VideoFile


@dataclass(frozen=True, slots=True)
class VideoJob:
    """One video, its localizations and its unit hash (input and settings)."""

    file: VideoFile
    localizations: tuple[Localization, ...]
    unit: str

    @property
    def video_id(self) -> str:
        """The video's id."""
        return self.file.video_id

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

"""One video with what is localized in it: the unit of work and of commit."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.localizations import Localization
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
    def n_objects(self) -> int:
        """Objects that are localized in it."""
        return len(self.groups)

"""What the hints of a video say to its correction rounds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pipeline.runs.folder import RunFolder
from pipeline.runs.units import localized_frames, object_groups
from schemas.localizations import Localization
from schemas.videos import Video


@dataclass(frozen=True, slots=True)
class VideoHints:
    """The hints of a video.

    Attributes:
        groups: object id → group; objects of one group share no pixel.
        localized: object id → frames that it is localized on, which are never overwritten.
        localizations: the hints themselves, where objects may be added.
    """

    groups: Mapping[str, str]
    localized: Mapping[str, Collection[int]]
    localizations: Sequence[Localization] = ()

    @classmethod
    def of(cls, localizations: Sequence[Localization]) -> VideoHints:
        """Of hints in pixels, those of objects that are added among them."""
        localized: dict[str, set[int]] = {}
        for one in localizations:
            localized.setdefault(one.object_id, set()).add(one.frame_idx)
        return cls({one.object_id: one.group for one in localizations}, localized, localizations)

    @classmethod
    def read(cls, run: RunFolder, video: Video) -> VideoHints:
        """As the run keeps them; no object can be added with them."""
        return cls(object_groups(run, video), localized_frames(run, video))

    def on(self, frame_idx: int) -> list[Localization]:
        """The hints of one frame."""
        return [one for one in self.localizations if one.frame_idx == frame_idx]

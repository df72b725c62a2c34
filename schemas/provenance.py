"""Where a video comes from, and under which terms it may be used."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_text

UNKNOWN = "unknown"
"""What is said where nobody has said anything; terms are never guessed."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """The origin of one video, as somebody stated it.

    Attributes:
        video_id: the video.
        source: the collection, author or camera.
        licence: its terms: an SPDX name, a URL or words.
        url: of the video, or of the page that shows it.
    """

    video_id: str
    source: str = UNKNOWN
    licence: str = UNKNOWN
    url: str = UNKNOWN

    def __post_init__(self) -> None:
        require_text("video_id", self.video_id)

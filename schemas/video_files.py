"""A video that was found and not yet opened."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_text


@dataclass(frozen=True, slots=True)
class VideoFile:
    """A video that was found and not yet opened.

    Attributes:
        video_id: path below the corpus root without extension, kept as it is (unicode, spaces, any length).
        uri: the video file, or the folder of frames.
        frames: the frame files in playing order, for a folder of frames; empty for a video file.
        n_bytes: size on disk, of all frames together.
    """

    video_id: str
    uri: str
    frames: tuple[str, ...] = ()
    n_bytes: int = 0

    def __post_init__(self) -> None:
        require_text("video_id", self.video_id)

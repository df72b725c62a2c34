"""Why a video cannot be decoded."""

from __future__ import annotations


class DecodeError(Exception):
    """A video that cannot be decoded.

    Attributes:
        error: ``missing_file``, ``unreadable``, ``empty_file``, ``not_a_video``, ``no_video_stream``, ``no_frames``,
            ``damaged`` (nothing decodable) or ``frame_size_changes``.
        detail: a sentence that names the file.
    """

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(error, detail)
        self.error = error
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.error}: {self.detail}"

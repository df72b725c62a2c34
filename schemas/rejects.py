"""A piece of input that could not be used, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import printable, require_text

_LONGEST = 5_000

BACKGROUND_NARRATIVE = "background_narrative"
"""A narrative about no object, as each video of Video Localized Narratives has one."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One rejected input: counted in the summary and written beside the output.

    Whatever stood in the input, a table can hold it: what is not valid Unicode is spelled out, very long text is cut.

    Attributes:
        stage: where it was refused (``ingest``, ``decode``, ``segment``, ``propagate`` ...).
        key: what was refused: a video id, ``video/object`` or ``file:line``.
        error: one word or short phrase that groups alike rejects, e.g. ``unknown_video``.
        detail: a sentence that names the value and says what to do.
        input_uri: the file that it came from.
    """

    stage: str
    key: str
    error: str
    detail: str
    input_uri: str

    def __post_init__(self) -> None:
        require_text("stage", self.stage)
        require_text("error", self.error)
        for name in ("key", "detail", "input_uri"):
            text = getattr(self, name)
            shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
            object.__setattr__(self, name, printable(shown))

    @property
    def is_skip(self) -> bool:
        """True for input that is not meant to be used: it is counted, but nothing is wrong with it."""
        return self.error == BACKGROUND_NARRATIVE

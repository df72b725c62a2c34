"""Why a localization, or a file of them, cannot be read."""

from __future__ import annotations


class IngestError(ValueError):
    """Raised for one entry it becomes a reject; raised for a whole file it reaches the user.

    Attributes:
        error: one word that groups alike errors, e.g. ``not_json``.
        detail: a sentence that names the value and says what to do.
    """

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(f"{error}: {detail}")
        self.error = error
        self.detail = detail

"""Clicks that correct masks which are there: the format of clicks, where clicks off the object are enough."""

from __future__ import annotations

from pathlib import Path

from schemas.localizations import Localization
from schemas.rejects import Reject
from stages.ingest import clicks
from stages.ingest.documents import read_json
from stages.ingest.duplicates import drop_duplicates


def read_click_corrections(path: Path | str) -> tuple[list[Localization], list[Reject]]:
    """Read a file of clicks.

    Returns:
        Localizations in file order, with the videos named as the file names them, and what was rejected.

    Raises:
        IngestError: the whole file cannot be read.
    """
    parsed = clicks.parse(read_json(Path(path)), str(path), is_correction=True)
    localizations, duplicates = drop_duplicates(parsed.localizations)
    return localizations, parsed.rejects + duplicates

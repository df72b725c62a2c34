"""What a parser has read so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from schemas.localizations import Localization
from schemas.rejects import Reject
from stages.ingest.errors import IngestError

STAGE = "ingest"


@dataclass(slots=True)
class Parsed:
    """The localizations and the rejects of one file.

    Attributes:
        input_uri: the file; it goes into every row.
        localizations: in file order.
        rejects: in file order.
    """

    input_uri: str
    localizations: list[Localization] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, key: str, error: str, detail: str) -> None:
        """Note a piece of the file that cannot be used."""
        self.rejects.append(Reject(STAGE, key, error, detail, self.input_uri))

    @contextmanager
    def entry(self, *keys: str) -> Iterator[None]:
        """Read one entry: what is wrong with it rejects ``keys`` and spares the rest of the file."""
        try:
            yield
        except IngestError as problem:
            for key in keys:
                self.reject(key, problem.error, problem.detail)
        except ValueError as problem:  # a record that refuses its values
            for key in keys:
                self.reject(key, "invalid_value", str(problem))

    def extend(self, other: Parsed) -> None:
        """Add what was read from another file."""
        self.localizations += other.localizations
        self.rejects += other.rejects

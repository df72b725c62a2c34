"""The verdicts that were pulled from one project, and how far the pull has read: one file, replaced as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq

from schemas import tables
from schemas.reviews import Verdict

_CURSOR = b"pointvos.cursor"


@dataclass(frozen=True, slots=True)
class Ledger:
    """Our copy of one project's answers; it outlives the project.

    The cursor lies in the file's own metadata, so that it can never tell of verdicts that are not in the file.

    Attributes:
        path: the Parquet file, one of the files of the run's ``verdicts`` table.
    """

    path: Path

    @classmethod
    def of_project(cls, run: Path, identity: str) -> Ledger:
        """The ledger of the project with this identity; a new project never writes into an old one's."""
        name = hashlib.sha256(identity.encode()).hexdigest()[:12]
        return cls(run / tables.VERDICTS.name / f"label_studio-{name}.parquet")

    def cursor(self) -> datetime | None:
        """The latest change that was pulled, None before the first pull."""
        if not self.path.exists():
            return None
        found = (pq.read_schema(self.path).metadata or {}).get(_CURSOR)
        return datetime.fromisoformat(found.decode()) if found else None

    def verdicts(self) -> list[Verdict]:
        """Everything pulled so far."""
        return tables.VERDICTS.records(tables.VERDICTS.read_files([self.path])) if self.path.exists() else []

    def replace(self, verdicts: Iterable[Verdict], cursor: datetime | None, metadata: Mapping[str, str]) -> None:
        """Write all verdicts and the cursor, atomically and in an order that does not depend on the pulls."""
        ordered = sorted(verdicts, key=lambda v: (v.task_key, v.annotator, v.candidate_id))
        marks = {_CURSOR.decode(): cursor.isoformat()} if cursor else {}
        tables.VERDICTS.write(self.path, ordered, {**metadata, **marks})

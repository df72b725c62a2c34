"""What was pulled from one project, and in which state of its tasks: files that are replaced as a whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas import tables
from schemas.remote_paths import AnyPath
from schemas.reviews import Skip, Verdict
from schemas.tables import marks_of

_READ = "pointvos.read"


@dataclass(frozen=True, slots=True)
class Ledger:
    """Our copy of one project's answers; it outlives the project.

    Which state of each task was read stands in the file's own metadata, so that it can never tell of verdicts that are
    not in the file.

    Attributes:
        path: the Parquet file, one of the files of the run's ``verdicts`` table.
        skips_path: the file beside it in the ``skips`` table. It is written first: it may know more than the
            marks say, never less, and what is read again comes out the same.
    """

    path: AnyPath
    skips_path: AnyPath

    @classmethod
    def of_project(cls, run: AnyPath, identity: str) -> Ledger:
        """The ledger of the project with this identity; a new project never writes into an old one's."""
        name = f"label_studio-{hashlib.sha256(identity.encode()).hexdigest()[:12]}.parquet"
        return cls(run / tables.VERDICTS.name / name, run / tables.SKIPS.name / name)

    def read_marks(self) -> dict[str, str]:
        """Task key → mark of its state when it was read last; a task without one is to be read."""
        if not (self.path.exists() and self.skips_path.exists()):
            return {}
        marks: dict[str, str] = json.loads(marks_of(self.path).get(_READ, "{}"))
        return marks

    def verdicts(self) -> list[Verdict]:
        """Everything pulled so far."""
        return tables.VERDICTS.records(tables.VERDICTS.read_files([self.path])) if self.path.exists() else []

    def skips(self) -> list[Skip]:
        """Who skipped what, as of the latest pull."""
        if not self.skips_path.exists():
            return []
        return tables.SKIPS.records(tables.SKIPS.read_files([self.skips_path]))

    def take_over(self, other: Ledger, metadata: Mapping[str, str]) -> None:
        """Go on where the ledger of another project with the same questions ended; that one is removed.

        The marks are reset: the server's answers are read again and replace what is taken over.
        """
        if other == self or not other.path.exists():
            return
        mine, skipped = self.verdicts(), self.skips()
        known = {v.task_key for v in mine} | {s.task_key for s in skipped}
        mine += [v for v in other.verdicts() if v.task_key not in known]
        skipped += [s for s in other.skips() if s.task_key not in known]
        self.replace(mine, skipped, {}, metadata)
        for path in (other.path, other.skips_path):
            path.unlink(missing_ok=True)

    def replace(
        self,
        verdicts: Iterable[Verdict],
        skips: Iterable[Skip],
        read_marks: Mapping[str, str],
        metadata: Mapping[str, str],
    ) -> None:
        """Write everything and the marks, each file atomically and in an order that does not depend on the pulls."""
        tables.SKIPS.write(self.skips_path, sorted(skips, key=lambda s: (s.task_key, s.annotator)), metadata)
        ordered = sorted(verdicts, key=lambda v: (v.task_key, v.annotator, v.candidate_id))
        tables.VERDICTS.write(self.path, ordered, {**metadata, _READ: json.dumps(dict(sorted(read_marks.items())))})

"""What was pulled from one project, and in which state of its tasks: files that are replaced as a whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas import tables
from schemas.remote_paths import AnyPath
from schemas.table_pieces import read_pieces, write_pieces
from schemas.tables import Table, marks_of

_READ = "pointvos.read"
_PIECE_ROWS = 100_000


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

    def verdicts(self) -> Iterator[pa.Table]:
        """Everything pulled so far, a piece at a time."""
        return _pieces(tables.VERDICTS, self.path)

    def skips(self) -> Iterator[pa.Table]:
        """Who skipped what, as of the latest pull, a piece at a time."""
        return _pieces(tables.SKIPS, self.skips_path)

    def take_over(self, other: Ledger, metadata: Mapping[str, str]) -> None:
        """Go on where the ledger of another project with the same questions ended; that one is removed.

        The marks are reset: the server's answers are read again and replace what is taken over.
        """
        if other == self or not other.path.exists():
            return
        mine, skipped = _joined(tables.VERDICTS, self.verdicts()), _joined(tables.SKIPS, self.skips())
        known = pa.concat_arrays([*mine["task_key"].chunks, *skipped["task_key"].chunks, pa.array([], pa.string())])
        verdicts, skips = (
            [mine_or_skipped, *(rows.filter(pc.invert(pc.is_in(rows["task_key"], known))) for rows in others)]
            for mine_or_skipped, others in ((mine, other.verdicts()), (skipped, other.skips()))
        )
        self.replace([in_order(pa.concat_tables(verdicts))], [in_order(pa.concat_tables(skips))], [], metadata)
        for path in (other.path, other.skips_path):
            path.unlink(missing_ok=True)

    def replace(
        self,
        verdicts: Iterable[pa.Table],
        skips: Iterable[pa.Table],
        read_marks: Iterable[str],
        metadata: Mapping[str, str],
    ) -> None:
        """Write everything and the marks, each file atomically.

        Args:
            verdicts: all rows in pieces, :func:`in_order` over all of them.
            skips: as well.
            read_marks: all :func:`marks_text`, by task key.
            metadata: run id and config hash for the files.
        """
        marks = f"{{{', '.join(text for text in read_marks if text)}}}"
        write_pieces(tables.SKIPS, self.skips_path, skips, metadata)
        write_pieces(tables.VERDICTS, self.path, verdicts, {**metadata, _READ: marks})


def in_order(rows: pa.Table) -> pa.Table:
    """Verdicts or skips in an order that does not depend on the pulls."""
    columns = [name for name in ("task_key", "annotator", "candidate_id") if name in rows.schema.names]
    return rows.sort_by([(name, "ascending") for name in columns])


def marks_text(marks: Mapping[str, str]) -> str:
    """Some marks as they are written, by task key."""
    return json.dumps(dict(sorted(marks.items())))[1:-1]


def _pieces(table: Table[Any], path: AnyPath) -> Iterator[pa.Table]:
    return read_pieces(table, [path] if path.exists() else [], table.schema.names, _PIECE_ROWS)


def _joined(table: Table[Any], pieces: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables([table.schema.empty_table(), *pieces])

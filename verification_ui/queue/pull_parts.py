"""What a pull starts from, partitioned by task key: the states on the server, and what was pulled before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import pyarrow as pa
from pyarrow import feather

from schemas import tables
from verification_ui.queue.asked_tasks import partition_by_key, read_part
from verification_ui.queue.ledger import Ledger
from verification_ui.queue.review_queue import ReviewQueue, TaskState

_STATES_AT_ONCE = 20_000
_STATES, _VERDICTS, _SKIPS, _MARKS = "states", "verdicts", "skips", "marks"
_SCHEMAS = {
    _STATES: pa.schema(
        [("task_key", pa.string()), ("changed_at", pa.string()), ("annotation_ids", pa.list_(pa.string()))]
    ),
    _VERDICTS: tables.VERDICTS.schema,
    _SKIPS: tables.SKIPS.schema,
    _MARKS: pa.schema([("task_key", pa.string()), ("mark", pa.string())]),
}


@dataclass(frozen=True, slots=True)
class PullPart:
    """All that is known of the tasks of one range of keys before their answers are read.

    Attributes:
        number: of the part.
        states: on the server, by task key.
        verdicts: rows of the ledger.
        skips: rows of the ledger.
        marks: of the states that were read last, by task key.
    """

    number: int
    states: Mapping[str, TaskState]
    verdicts: pa.Table
    skips: pa.Table
    marks: Mapping[str, str]

    def answered_keys(self) -> frozenset[str]:
        """The tasks on the server that somebody has answered or skipped, or had when they were read last."""
        known = {key for rows in (self.verdicts, self.skips) for key in rows["task_key"].unique().to_pylist()}
        return frozenset(key for key, state in self.states.items() if state.annotation_ids or key in known)


@dataclass(frozen=True, slots=True)
class PullFolder:
    """The files of one pull.

    Attributes:
        folder: of nobody else.
        bounds: the first key of every part but the first.
    """

    folder: Path
    bounds: Sequence[str]

    def partition(self, queue: ReviewQueue, ledger: Ledger) -> datetime | None:
        """Write all parts; the latest change of any task, by the server's clock."""
        marks = ledger.read_marks()
        self._partition(_MARKS, [pa.table([list(marks), list(marks.values())], _SCHEMAS[_MARKS])])
        del marks
        self._partition(_VERDICTS, ledger.verdicts())
        self._partition(_SKIPS, ledger.skips())
        horizon: datetime | None = None
        states = queue.states()
        number = 0
        while some := list(islice(states, _STATES_AT_ONCE)):
            horizon = max([state.changed_at for state in some] + ([horizon] if horizon else []))
            self._partition(_STATES, [_rows(some)], number)
            number += 1
        return horizon

    def parts(self) -> Iterator[PullPart]:
        """All parts in the order of their keys."""
        for number in range(len(self.bounds) + 1):
            states, verdicts, skips, marks = (
                read_part(self.folder, kind, number, schema) for kind, schema in _SCHEMAS.items()
            )
            yield PullPart(number, _by_key(states), verdicts, skips, dict(zip(*_lists(marks), strict=True)))

    def keep(self, number: int, verdicts: pa.Table, skips: pa.Table) -> None:
        """What the tasks of a part came to."""
        for kind, rows in ((_VERDICTS, verdicts), (_SKIPS, skips)):
            feather.write_feather(rows, str(self._kept(kind, number)), compression="zstd")

    def verdicts(self) -> Iterator[pa.Table]:
        """The verdicts that were kept of all parts, in order."""
        return self._all_kept(_VERDICTS)

    def skips(self) -> Iterator[pa.Table]:
        """The skips that were kept of all parts, in order."""
        return self._all_kept(_SKIPS)

    def _all_kept(self, kind: str) -> Iterator[pa.Table]:
        return (feather.read_table(str(self._kept(kind, n))) for n in range(len(self.bounds) + 1))

    def _kept(self, kind: str, number: int) -> Path:
        return self.folder / f"{kind}-{number:06d}.feather"

    def _partition(self, kind: str, pieces: Iterable[pa.Table], first: int = 0) -> None:
        for number, rows in enumerate(pieces, first):
            partition_by_key(self.folder / f"{kind}-{number:06d}.arrow", rows, self.bounds)


def _rows(states: Sequence[TaskState]) -> pa.Table:
    columns = [
        [state.task_key for state in states],
        [state.changed_at.isoformat() for state in states],
        [sorted(state.annotation_ids) for state in states],
    ]
    return pa.table(columns, schema=_SCHEMAS[_STATES])


def _by_key(rows: pa.Table) -> dict[str, TaskState]:
    """By task key; where a task is on the server twice, both together."""
    found: dict[str, TaskState] = {}
    for key, changed_at, annotation_ids in zip(*_lists(rows), strict=True):
        state = TaskState(key, datetime.fromisoformat(changed_at), frozenset(annotation_ids))
        twin = found.get(key, state)
        ids = twin.annotation_ids | state.annotation_ids
        found[key] = TaskState(key, max(twin.changed_at, state.changed_at), ids)
    return found


def _lists(rows: pa.Table) -> list[list[object]]:
    return [column.to_pylist() for column in rows.columns]

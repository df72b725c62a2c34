"""What we note of a queue beside its tasks, in the metadata of their Parquet file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.remote_paths import AnyPath
from schemas.tables import marks_of

_PEOPLE, _ADJUDICATORS = "pointvos.people", "pointvos.adjudicators"
_IS_WANTED = "pointvos.is_wanted"


@dataclass(frozen=True, slots=True)
class QueueNotes:
    """How the queue of one design is asked.

    Attributes:
        n_people: different people who answer each task, as it was when we last asked the server.
        adjudicators: of an adjudication queue: whose answers decide; none: those of whoever had not answered before.
        is_wanted: of second looks: whether they are asked; None: where one person answers each task.
    """

    n_people: int = 1
    adjudicators: tuple[str, ...] = ()
    is_wanted: bool | None = None

    @classmethod
    def read(cls, tasks_file: AnyPath) -> QueueNotes:
        """The notes in a file of tasks; those of a new queue when it is not there."""
        marks = marks_of(tasks_file) if tasks_file.exists() else {}
        adjudicators, is_wanted = (json.loads(marks.get(name, "null")) for name in (_ADJUDICATORS, _IS_WANTED))
        return cls(int(marks.get(_PEOPLE, "1")), tuple(adjudicators or ()), is_wanted)

    def metadata(self) -> Mapping[str, str]:
        """For the metadata of the file."""
        return {
            _PEOPLE: str(self.n_people),
            _ADJUDICATORS: json.dumps(self.adjudicators),
            _IS_WANTED: json.dumps(self.is_wanted),
        }

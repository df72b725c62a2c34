"""The seam between our sync and a server: what a queue of review tasks can do, and how it fails."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from verification_ui.page.annotations import AnsweredTask
from verification_ui.page.payloads import Payload


class QueueProblem(Exception):
    """The server did not do what it was asked.

    ├── Refused          it said no; asking again will not help
    └── OutcomeUnknown   no answer, or a failing one: it may or may not have been done
    """


class Refused(QueueProblem):
    """The server said no."""


class OutcomeUnknown(QueueProblem):
    """The reply was lost or was a failure: look before asking again."""


@dataclass(frozen=True, slots=True)
class QueuedTask:
    """A task on the server. Its id is only good for removing it at once: ids are given again after a deletion."""

    task_key: str
    task_id: int
    n_annotations: int  # answers and skips


@dataclass(frozen=True, slots=True)
class TaskState:
    """How one task stands on the server.

    Attributes:
        task_key: ours.
        changed_at: its last change, by the server's clock, which may be set back: compare for equality only.
        annotation_ids: of all answers and skips.
    """

    task_key: str
    changed_at: datetime
    annotation_ids: frozenset[str]

    @property
    def mark(self) -> str:
        """16 hex digits that are others whenever anything about the answers is."""
        said = " ".join((self.changed_at.isoformat(), *sorted(self.annotation_ids)))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


class ReviewQueue(Protocol):
    """One project on a server. Every method raises :class:`QueueProblem`."""

    @property
    def identity(self) -> str:
        """Tells this project from any other, also from one with the same name made after it was deleted."""
        ...

    def present(self, task_keys: Sequence[str]) -> list[QueuedTask]:
        """The tasks with these keys that are there; a key twice when a task is there twice."""
        ...

    def count(self, task_keys: Sequence[str]) -> int:
        """How many tasks have one of these keys, doubles and all: cheaper than :meth:`present`."""
        ...

    def add(self, payloads: Sequence[Payload]) -> None:
        """Import tasks, all or none, without looking whether they are there."""
        ...

    def remove(self, task_ids: Sequence[int]) -> None:
        """Delete those of the tasks that are still there and that nobody has answered or skipped."""
        ...

    def states(self) -> Iterator[TaskState]:
        """How every task stands, in short: what :meth:`answered` would tell of it, without the answers."""
        ...

    def answered(self, task_keys: Sequence[str] | None = None) -> Iterator[AnsweredTask]:
        """The tasks with these keys (None: all that somebody has answered or skipped), as they are now."""
        ...

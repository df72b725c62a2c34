"""Label Studio over its API: the only module that imports its SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError
from label_studio_sdk.core.request_options import RequestOptions

from verification_ui.annotations import AnsweredTask, parse_annotation
from verification_ui.payloads import Payload
from verification_ui.review_queue import OutcomeUnknown, QueuedTask, Refused

_PAGE = 100
_LOOKUP = 500
_TIMEOUT_S = 600.0
_ANSWER_FIELDS = "id,data,updated_at,annotations,completed_by,result,was_cancelled,lead_time"
"""Of tasks and, in the same list, of their annotations."""

_ONCE: RequestOptions = {"max_retries": 0, "timeout": _TIMEOUT_S}
"""For requests that change something: the SDK would repeat them after a failure that was a success."""


@contextmanager
def _as_queue_problems(act: str) -> Iterator[None]:
    """Turn the SDK's and the connection's failures into ours; no message holds a header or a key."""
    try:
        yield
    except ApiError as error:
        status = error.status_code or 0
        if status in (401, 403):
            raise Refused(f"cannot {act}: the server refused the API key (HTTP {status})") from None
        if 400 <= status < 500 and status not in (408, 409, 429):
            raise Refused(f"cannot {act}: HTTP {status}, {_said(error.body)}") from None
        raise OutcomeUnknown(f"cannot tell whether the server did it ({act}): HTTP {status}") from None
    except httpx.TransportError as error:
        raise OutcomeUnknown(f"cannot tell whether the server did it ({act}): {type(error).__name__}") from None


def _said(body: Any) -> str:
    """The part of an error reply that helps."""
    said = (body.get("validation_errors") or body.get("detail") or body) if isinstance(body, Mapping) else body
    return str(said)[:500]


class LabelStudioClient:
    """A connection to one server as one user."""

    def __init__(self, url: str, api_key: str) -> None:
        """Connect to ``url``; ``api_key`` is a legacy or a personal access token."""
        is_local = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
        http = httpx.Client(timeout=_TIMEOUT_S, trust_env=not is_local, follow_redirects=True)
        self._http = http
        self._sdk = LabelStudio(base_url=url.rstrip("/"), api_key=api_key, httpx_client=http)
        self.url = url.rstrip("/")

    def __enter__(self) -> LabelStudioClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def whoami(self) -> str:
        """E-mail address of the user; a cheap check of address and key."""
        with _as_queue_problems("log in"):
            return str(self._sdk.users.whoami().email)

    def find_queue(self, title: str) -> LabelStudioQueue | None:
        """The project with exactly this title; the oldest when there are several."""
        with _as_queue_problems("list the projects"):
            listed: Iterator[Any] = iter(self._sdk.projects.list(title=title))
            found = [project for project in listed if project.title == title]
        first = min(found, key=lambda p: int(p.id), default=None)
        return None if first is None else self._queue(first)

    def create_queue(self, title: str, label_config: str, guidelines: str) -> LabelStudioQueue:
        """A new project whose tasks are asked in the order in which they are imported."""
        with _as_queue_problems(f"create project {title!r}"):
            made = self._sdk.projects.create(
                title=title, label_config=label_config, expert_instruction=guidelines, show_instruction=False,
                sampling="Sequential sampling", enable_empty_annotation=True, show_skip_button=True,
                request_options=_ONCE,
            )  # fmt: skip
        return self._queue(made)

    def _queue(self, project: Any) -> LabelStudioQueue:
        created: datetime = project.created_at
        return LabelStudioQueue(self._sdk, int(project.id), f"{project.id}@{created.astimezone(UTC).isoformat()}")


@dataclass(frozen=True)
class LabelStudioQueue:
    """One project as a :class:`~verification_ui.review_queue.ReviewQueue`."""

    _sdk: LabelStudio
    project_id: int
    identity: str

    def ask_people(self, n_people: int) -> None:
        """Ask every task of so many people; a task leaves the queue when they have answered."""
        with _as_queue_problems(f"ask {n_people} people a task"):
            self._sdk.projects.update(self.project_id, maximum_annotations=n_people, request_options=_ONCE)

    def serve_media(self, folder: Path) -> None:
        """Let the server show the pictures below ``folder``, a strict subfolder of its document root."""
        with _as_queue_problems(f"let the server show {folder}"):
            storages = self._sdk.import_storage.local
            if str(folder) not in {storage.path for storage in storages.list(project=self.project_id)}:
                storages.create(
                    project=self.project_id,
                    path=str(folder),
                    use_blob_urls=True,
                    title="pictures",
                    request_options=_ONCE,
                )

    def present(self, task_keys: Sequence[str]) -> list[QueuedTask]:
        """See :class:`ReviewQueue`."""
        found = []
        for start in range(0, len(task_keys), _LOOKUP):
            keys = list(task_keys[start : start + _LOOKUP])
            asked = [_filter("data.task_key", "in_list", "List", keys)]
            for task in self._tasks(asked, "id,data,total_annotations", page_size=_LOOKUP):
                found.append(QueuedTask(task.data["task_key"], int(task.id), int(task.total_annotations or 0)))
        return found

    def add(self, payloads: Sequence[Payload]) -> None:
        """See :class:`ReviewQueue`."""
        with _as_queue_problems(f"import {len(payloads)} tasks"):
            request: Any = [payload.body for payload in payloads]
            self._sdk.projects.import_tasks(
                self.project_id,
                request=request,
                return_task_ids=True,
                request_options=_ONCE,
            )

    def remove(self, task_ids: Sequence[int]) -> None:
        """See :class:`ReviewQueue`."""
        for task_id in task_ids:
            with _as_queue_problems(f"delete task {task_id}"):
                self._sdk.tasks.delete(str(task_id), request_options=_ONCE)

    def latest_change(self) -> datetime | None:
        """See :class:`ReviewQueue`."""
        query = json.dumps({"ordering": ["-tasks:updated_at"]})
        with _as_queue_problems("ask for the latest change"):
            page: Any = self._sdk.tasks.list(
                project=self.project_id, fields="task_only", include="updated_at", page_size=1, query=query
            )
            found: list[Any] = list(page.items or ())
        return found[0].updated_at if found else None

    def answered(self, since: datetime | None) -> Iterator[AnsweredTask]:
        """See :class:`ReviewQueue`."""
        for conditions in _changed_since(since):
            for task in self._tasks(conditions, _ANSWER_FIELDS, page_size=_PAGE):
                annotations = tuple(parse_annotation(json, self._annotators) for json in task.annotations or ())
                yield AnsweredTask(str(task.data.get("task_key", "")), annotations)

    @cached_property
    def _annotators(self) -> dict[int, str]:
        with _as_queue_problems("list the users"):
            return {int(user.id): str(user.email) for user in self._sdk.users.list()}

    def _tasks(self, conditions: list[dict[str, Any]], include: str, page_size: int) -> Iterator[Any]:
        """All tasks that meet every condition, by id.

        Each page asks for ids above the last one seen: page numbers would skip tasks when others change meanwhile.
        """
        last_id = 0
        while True:
            items = [*conditions, _filter("id", "greater", "Number", last_id)]
            query = {"filters": {"conjunction": "and", "items": items}, "ordering": ["tasks:id"]}
            with _as_queue_problems("list tasks"):
                page: Any = self._sdk.tasks.list(
                    project=self.project_id, fields="all", include=include, page_size=page_size, query=json.dumps(query)
                )
                found: list[Any] = list(page.items or ())
            yield from found
            if len(found) < page_size:
                return
            last_id = int(found[-1].id)


def _changed_since(since: datetime | None) -> list[list[dict[str, Any]]]:
    """Conditions of the tasks to read; on the first pull a task that nobody has touched cannot matter."""
    if since is not None:
        when = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return [[_filter("updated_at", "greater", "Datetime", when)]]
    only_skipped = [
        _filter("total_annotations", "equal", "Number", 0),
        _filter("cancelled_annotations", "greater", "Number", 0),
    ]
    return [[_filter("total_annotations", "greater", "Number", 0)], only_skipped]


def _filter(column: str, operator: str, kind: str, value: object) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}

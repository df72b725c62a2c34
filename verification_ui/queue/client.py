"""Label Studio over its API: the only module that imports its SDK, and only once a server is spoken to.

The SDK takes more than a second to import, which no other command should wait for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from schemas.wording import many
from verification_ui.page.annotations import AnsweredTask, parse_task
from verification_ui.page.payloads import Payload
from verification_ui.queue.retry import with_retries
from verification_ui.queue.review_queue import OutcomeUnknown, QueuedTask, Refused, TaskState
from verification_ui.queue.tokens import TokenAuth
from verification_ui.server.loopback import is_loopback

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio
    from label_studio_sdk.core.request_options import RequestOptions

_PAGE = 100
_LOOKUP = 500
_TIMEOUT_S = 600.0
_TURN_S = 3.0
"""For removing second projects: far more than a deletion takes."""
_ANSWER_FIELDS = (
    "id,data,updated_at,total_annotations,annotations,completed_by,updated_by,result,was_cancelled,lead_time"
)
"""Of tasks and, in the same list, of their annotations."""

ONCE: RequestOptions = {"max_retries": 0}
"""For all requests: the SDK would repeat them after a failure that was a success, and it is we who know when to."""


@contextmanager
def as_queue_problems(act: str) -> Iterator[None]:
    """Turn the SDK's and the connection's failures into ours; no message holds a header or a key."""
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except ApiError as error:
        status = error.status_code or 0
        if status == httpx.codes.UNAUTHORIZED:
            raise Refused(f"cannot {act}: the server refused the API key (HTTP {status})") from None
        if 400 <= status < 500 and status not in (408, 409, 429):
            raise Refused(f"cannot {act}: HTTP {status}, {_error_text(error.body)}") from None
        raise OutcomeUnknown(f"cannot tell whether the server did it ({act}): HTTP {status}") from None
    except (httpx.TransportError, json.JSONDecodeError) as error:
        raise OutcomeUnknown(f"cannot tell whether the server did it ({act}): {type(error).__name__}") from None


def _error_text(body: Any) -> str:
    """The part of an error reply that helps."""
    text = (body.get("validation_errors") or body.get("detail") or body) if isinstance(body, Mapping) else body
    return str(text)[:500]


class LabelStudioClient:
    """A connection to one server as one user."""

    def __init__(self, url: str, api_key: str, timeout_s: float = _TIMEOUT_S) -> None:
        """Connect to ``url``; ``api_key`` is a legacy or a personal access token."""
        from label_studio_sdk import LabelStudio

        is_local = is_loopback(urlsplit(url).hostname)
        self.http = httpx.Client(
            auth=TokenAuth(url, api_key), timeout=timeout_s, trust_env=not is_local, follow_redirects=True
        )
        self.sdk = LabelStudio(base_url=url.rstrip("/"), api_key="-", httpx_client=self.http, timeout=timeout_s)
        self.url = url.rstrip("/")

    def __enter__(self) -> LabelStudioClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def whoami(self) -> str:
        """E-mail address of the user; a cheap check of address and key."""
        with as_queue_problems("log in"):
            return str(self.sdk.users.whoami(request_options=ONCE).email)

    def find_queue(self, title: str) -> LabelStudioQueue | None:
        """The project with exactly this title; the oldest when there are several."""
        found = self._projects(title)
        return self._queue(found[0]) if found else None

    def _projects(self, title: str) -> list[Any]:
        with as_queue_problems("list the projects"):
            listed: Iterator[Any] = iter(self.sdk.projects.list(title=title, request_options=ONCE))
            return sorted((project for project in listed if project.title == title), key=lambda p: int(p.id))

    def open_queue(self, title: str, label_config: str, guidelines: str) -> LabelStudioQueue:
        """The project with this title, made when there is none. May be asked again after an unknown outcome.

        Several may come: of two commands at the same time, of a request that came through late, or of one request
        that the server began again because its database was locked (``DatabaseIsLockedRetryMiddleware``). Everybody
        uses the oldest, and the others are removed while they are empty, by one command after the other: two
        deletions at the same moment would leave the server without its signals (``temporary_disconnect_all_signals``).
        """
        projects = self._projects(title)
        if not projects:
            made = self.create_queue(title, label_config, guidelines)
            projects = self._projects(title)
            if len(projects) > 1:
                time.sleep(_TURN_S * sum(project.id < made.project_id for project in projects))
                projects = self._projects(title)
        first, *others = projects
        for project in others:
            with suppress(Refused), as_queue_problems(f"delete the second project {title!r}"):
                if not project.task_number:
                    self.sdk.projects.delete(project.id, request_options=ONCE)
        return self._queue(first)

    def create_queue(self, title: str, label_config: str, guidelines: str) -> LabelStudioQueue:
        """A new project whose tasks are asked in the order in which they are imported."""
        with as_queue_problems(f"create project {title!r}"):
            made = self.sdk.projects.create(
                title=title, label_config=label_config, expert_instruction=guidelines, show_instruction=False,
                sampling="Sequential sampling", enable_empty_annotation=True, show_skip_button=True,
                request_options=ONCE,
            )  # fmt: skip
        return self._queue(made)

    def add_people(self, emails: Iterable[str]) -> None:
        """Make an account without a password for everybody who has none. May be asked again."""
        with as_queue_problems("add people"):
            known = {str(user.email) for user in self.sdk.users.list(request_options=ONCE)}
            for email in sorted(set(emails) - known):
                self.sdk.users.create(email=email, username=email, request_options=ONCE)

    def _queue(self, project: Any) -> LabelStudioQueue:
        created: datetime = project.created_at
        return LabelStudioQueue(self.sdk, int(project.id), f"{project.id}@{created.astimezone(UTC).isoformat()}")


@dataclass(frozen=True)
class LabelStudioQueue:
    """One project as a :class:`~verification_ui.queue.review_queue.ReviewQueue`."""

    sdk: LabelStudio
    project_id: int
    identity: str

    def settings(self) -> Any:
        """The project as the server describes it."""
        with as_queue_problems("read the project"):
            return self.sdk.projects.get(self.project_id, request_options=ONCE)

    def ask_with(self, label_config: str, guidelines: str) -> bool:
        """Show the questions with this label config and these guidelines; True when they were others before."""
        project = self.settings()
        shown = (project.label_config or "", project.expert_instruction or "")
        if [text.strip() for text in shown] == [label_config.strip(), guidelines.strip()]:
            return False
        with as_queue_problems("renew the label config, which answers that are there may not fit"):
            self.sdk.projects.update(
                self.project_id, label_config=label_config, expert_instruction=guidelines, request_options=ONCE
            )
        return True

    def ask_people(self, n_people: int) -> None:
        """Ask every task of so many people; a task leaves the queue when they have answered."""
        with as_queue_problems(f"ask {n_people} people a task"):
            self.sdk.projects.update(self.project_id, maximum_annotations=n_people, request_options=ONCE)

    def people(self) -> int:
        """How many people have to answer each task."""
        with as_queue_problems("ask how many people answer a task"):
            return int(self.sdk.projects.get(self.project_id, request_options=ONCE).maximum_annotations or 1)

    def serve_media(self, folder: Path) -> None:
        """Let the server show the pictures below ``folder``, a strict subfolder of its document root."""
        with as_queue_problems(f"let the server show {folder}"):
            storages = self.sdk.import_storage.local
            if str(folder) not in {storage.path for storage in storages.list(project=self.project_id)}:
                storages.create(
                    project=self.project_id,
                    path=str(folder),
                    use_blob_urls=True,
                    title="pictures",
                    request_options=ONCE,
                )

    def present(self, task_keys: Sequence[str]) -> list[QueuedTask]:
        """See :class:`ReviewQueue`."""
        found = []
        for start in range(0, len(task_keys), _LOOKUP):
            keys = list(task_keys[start : start + _LOOKUP])
            for task in self._tasks([_with_keys(keys)], "id,data,annotations_ids", _LOOKUP):
                annotation_ids = str(task.annotations_ids).split(",") if task.annotations_ids else []
                found.append(QueuedTask(task.data["task_key"], int(task.id), len(annotation_ids)))
        return found

    def count(self, task_keys: Sequence[str]) -> int:
        """See :class:`ReviewQueue`."""
        asked = (list(task_keys[start : start + _LOOKUP]) for start in range(0, len(task_keys), _LOOKUP))
        return sum(int(self._page([_with_keys(keys)], "id", 1).response.total) for keys in asked)

    def add(self, payloads: Sequence[Payload]) -> None:
        """See :class:`ReviewQueue`."""
        with as_queue_problems(f"import {many(len(payloads), 'task')}"):
            request: Any = [payload.body for payload in payloads]
            self.sdk.projects.import_tasks(
                self.project_id,
                request=request,
                return_task_ids=True,
                request_options=ONCE,
            )

    def remove(self, task_ids: Sequence[int], even_answered: bool = False) -> None:
        """See :class:`ReviewQueue`; with ``even_answered`` the answers of the tasks go as well."""
        bare = [] if even_answered else [_answered(False)]
        unanswered: Any = {"conjunction": "and", "items": bare}
        chosen: Any = {"all": False, "included": list(task_ids)}
        with as_queue_problems(f"delete {many(len(task_ids), 'task')}"):
            self.sdk.actions.create(
                id="delete_tasks", project=self.project_id, filters=unanswered, selected_items=chosen,
                request_options=ONCE,
            )  # fmt: skip

    def states(self) -> Iterator[TaskState]:
        """See :class:`ReviewQueue`; a task that is there twice comes twice."""
        for task in self._tasks([], "id,data,updated_at,annotations_ids", _LOOKUP, with_retries):
            ids = frozenset(str(task.annotations_ids).split(",")) if task.annotations_ids else frozenset[str]()
            yield TaskState(str(task.data.get("task_key", "")), _time(task.updated_at), ids)

    def answered(self, task_keys: Sequence[str] | None = None) -> Iterator[AnsweredTask]:
        """See :class:`ReviewQueue`."""
        if task_keys is None:
            wanted = [_answered(True)]
        else:
            wanted = [_with_keys(list(task_keys[start : start + _PAGE])) for start in range(0, len(task_keys), _PAGE)]
        for condition in wanted:
            for task in self._tasks([condition], _ANSWER_FIELDS, _PAGE, with_retries):
                key, n_counted = str(task.data.get("task_key", "")), int(task.total_annotations or 0)
                yield parse_task(key, task.annotations or (), n_counted, self.annotators)

    def whole_tasks(self) -> Iterator[Any]:
        """All tasks with everything about them, by id; addresses of pictures as they were imported."""
        return self._tasks(
            [],
            "id,data,predictions,annotations,result,completed_by,was_cancelled,lead_time,model_version",
            _PAGE,
            with_retries,
        )

    @cached_property
    def annotators(self) -> dict[int, str]:
        """E-mail addresses by user id."""
        with as_queue_problems("list the users"):
            return {int(user.id): str(user.email) for user in self.sdk.users.list()}

    def _tasks(
        self,
        conditions: list[dict[str, Any]],
        include: str,
        page_size: int,
        ask: Callable[[Callable[[], Any]], Any] = lambda page: page(),
    ) -> Iterator[Any]:
        """All tasks that meet every condition, by id.

        Each page asks for ids above the last one seen: page numbers would skip tasks when others change meanwhile.
        """
        last_id = 0
        while True:
            above = [*conditions, _filter("id", "greater", "Number", last_id)]
            found: list[Any] = list(ask(partial(self._page, above, include, page_size)).items or ())
            yield from found
            if len(found) < page_size:
                return
            last_id = int(found[-1].id)

    def _page(self, conditions: list[dict[str, Any]], include: str, page_size: int) -> Any:
        query = {"filters": {"conjunction": "and", "items": conditions}, "ordering": ["tasks:id"]}
        with as_queue_problems("list tasks"):
            return self.sdk.tasks.list(
                project=self.project_id, fields="all", include=include, page_size=page_size, query=json.dumps(query),
                resolve_uri=False, request_options=ONCE,
            )  # fmt: skip


def _with_keys(keys: list[str]) -> dict[str, Any]:
    return _filter("data.task_key", "in_list", "List", keys)


def _time(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _answered(is_answered: bool) -> dict[str, Any]:
    """Somebody has answered or skipped the task, or nobody has.

    Asked of its annotations, for the server's own count is not to be trusted: once two projects are deleted at the same
    moment it counts no more until it is started again (``temporary_disconnect_all_signals`` is not made for threads).
    """
    return _filter("annotations_ids", "empty", "String", not is_answered)


def _filter(column: str, operator: str, kind: str, value: object) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}

"""What one annotator does at the page, call by call. Whatever is not here, nobody who came by a link can do."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import httpx

from verification_ui.gate.access import Access
from verification_ui.gate.answers import answer_body, author, own_project, own_task, own_tasks
from verification_ui.gate.media_files import MediaFiles
from verification_ui.gate.refusals import Refusal
from verification_ui.gate.upstream import Upstream
from verification_ui.media.location import LOCAL, MediaPlace
from verification_ui.page.media_paths import QUEUE

_LOOK_AGAIN_S = 2.0


@dataclass
class Queues:
    """The projects of the run, by number; nothing else of the server exists for annotators.

    Attributes:
        upstream: the server.
        titles: of the run's projects.
    """

    upstream: Upstream
    titles: Container[str]
    _turns: WeakValueDictionary[tuple[str, int], asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _known: dict[int, str] = field(default_factory=dict)
    _looked_at: float = float("-inf")

    def turn(self, email: str, task: int) -> asyncio.Lock:
        """Held while somebody answers a task: of two answers at once, the second one finds the first."""
        return self._turns.setdefault((email, task), asyncio.Lock())

    async def require(self, project: int) -> None:
        """Refuse a project that is not one of the run's; one that was made a moment ago is.

        Raises:
            Refusal: it is not.
        """
        if project not in await self.all() and project not in await self._list_projects():
            raise Refusal(f"project {project} is not a queue of this run")

    async def all(self) -> Mapping[int, str]:
        """Titles by number, at most two seconds old."""
        return await self._list_projects() if time.monotonic() - self._looked_at > _LOOK_AGAIN_S else self._known

    async def _list_projects(self) -> Mapping[int, str]:
        found = await self.upstream.as_operator("/api/projects/", page_size=1000, include="id,title")
        self._known = {int(p["id"]): p["title"] for p in found["results"] if p["title"] in self.titles}
        self._looked_at = time.monotonic()
        return self._known


@dataclass(frozen=True)
class Work:
    """One annotator's calls.

    Attributes:
        email: who, as the session says.
        access: notes what they were asked.
        upstream: the server.
        queues: the run's projects.
        place: where the pictures are.
        media: the pictures that lie in the run.
    """

    email: str
    access: Access
    upstream: Upstream
    queues: Queues
    place: MediaPlace
    media: MediaFiles

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """A GET as this annotator."""
        return await self.upstream.as_annotator(self.email, "GET", path, params)

    async def left(self, project: int) -> tuple[int, int]:
        """How many tasks this annotator has still to answer, and of how many; skipped ones are done."""
        await self.queues.require(project)
        found = _json(await self.get(f"/api/projects/{project}/", include="queue_total,queue_done"))
        return max(0, found["queue_total"] - found["queue_done"]), found["queue_total"]

    async def project(self, path: str, project: int, include: str = "") -> dict[str, Any]:
        """A project as the page asks for it."""
        left, of = await self.left(project)
        asked = {"include": include} if include else {}
        return own_project(_json(await self.get(path, project=project, **asked)), has_begun=left < of)

    async def next_task(self, project: int) -> dict[str, Any]:
        """The next question for this annotator; noted, so that it may be answered."""
        await self.queues.require(project)
        body = {"ordering": [], "selectedItems": {"all": False, "included": []}, "project": project,
                "filters": {"conjunction": "and", "items": []}}  # fmt: skip
        asked = {"id": "next_task", "project": project}
        task = _json(await self.upstream.as_annotator(self.email, "POST", "/api/dm/actions/", asked, body))
        self.access.give(self.email, project, int(task["id"]))
        return own_task(task, await self._user_id(), self.email)

    async def tasks(self, project: int, page: int, page_size: int) -> dict[str, Any]:
        """The tasks that this annotator has answered or skipped."""
        await self.queues.require(project)
        user_id = await self._user_id()
        mine = {"filter": "filter:tasks:annotators", "operator": "contains", "type": "List", "value": user_id}
        query = {"filters": {"conjunction": "and", "items": [mine]}, "ordering": ["tasks:id"]}
        reply = await self.get(
            "/api/tasks/", project=project, page=page, page_size=page_size, fields="all", query=json.dumps(query)
        )
        if reply.status_code == httpx.codes.NOT_FOUND:  # past the last page
            return own_tasks({}, user_id, self.email)
        return own_tasks(_json(reply), user_id, self.email)

    async def task(self, project: int, task: int) -> dict[str, Any]:
        """A task that this annotator was asked."""
        await self._require_asked(project, task)
        found = _json(await self.get(f"/api/tasks/{task}/", project=project))
        return own_task(found, await self._user_id(), self.email)

    async def answer(self, project: int, task: int, body: Any) -> httpx.Response:
        """A new answer, or a skip; each person answers a task once, and changes that answer afterwards."""
        await self._require_asked(project, task)
        given = await self._answer_body(body, project, task)
        async with self.queues.turn(self.email, task):
            await self._require_unanswered(task)
            return await self._send("POST", f"/api/tasks/{task}/annotations/", project, given)

    async def drafts(self, project: int, task: int, annotation: int | None, body: Any) -> httpx.Response:
        """A new draft, of a new answer or of an own one."""
        await self._require_asked(project, task)
        if annotation is not None:
            await self._require_own_annotation(annotation, project)
        of = f"/annotations/{annotation}" if annotation is not None else ""
        given = await self._answer_body(body, project, task)
        return await self._send("POST", f"/api/tasks/{task}{of}/drafts", project, given)

    async def own_drafts(self, project: int, task: int) -> list[Any]:
        """The drafts that this annotator has of a task."""
        await self._require_asked(project, task)
        found = _json(await self.get(f"/api/tasks/{task}/drafts"))
        return [draft for draft in found if draft.get("user") == self.email]

    async def annotation(self, method: str, annotation: int, project: int, body: Any) -> httpx.Response:
        """Look at, change or take back an own answer, or turn it into a draft (POST)."""
        task = await self._require_own_annotation(annotation, project)
        path = f"/api/annotations/{annotation}/"
        if method == "POST":
            return await self._send("POST", f"{path}convert-to-draft", project, {})
        if method == "PATCH":
            given = await self._answer_body(body, project, None)
            async with self.queues.turn(self.email, task):
                await self._require_unanswered(task, but=annotation)
                return await self._send(method, path, project, given)
        return await self.upstream.as_annotator(self.email, method, path, {"project": project})

    async def draft(self, method: str, draft: int, project: int, body: Any) -> httpx.Response:
        """Look at, change or remove an own draft."""
        found = await self.upstream.as_operator(f"/api/drafts/{draft}/")
        if found is None or found.get("user") != self.email:
            raise Refusal(f"draft {draft} is not yours")
        await self._require_asked(project, int(found["task"]))
        path = f"/api/drafts/{draft}/"
        if method == "PATCH":
            given = await self._answer_body(body, project, int(found["task"]))
            return await self._send(method, path, project, given)
        return await self.upstream.as_annotator(self.email, method, path, {"project": project})

    async def picture(self, task: int, file_uri: str) -> httpx.Response:
        """Where a picture in a bucket is to be had; the server signs the address."""
        try:
            address = base64.urlsafe_b64decode(file_uri).decode()
        except (binascii.Error, ValueError):
            raise Refusal("fileuri is not an address", 400) from None
        if self.place.scheme == LOCAL or not address.startswith(self.place.address(f"{QUEUE}/")) or ".." in address:
            raise Refusal("this is not a picture of the queue")
        found = await self.upstream.as_operator(f"/api/tasks/{task}/")
        await self._require_asked(int(found["project"]) if found else -1, task)
        return await self.get(f"/tasks/{task}/resolve/", fileuri=file_uri)

    async def me(self) -> list[Any]:
        """The people that this annotator sees: themselves."""
        return [_json(await self.get("/api/current-user/whoami"))]

    async def _send(self, method: str, path: str, project: int, body: Any) -> httpx.Response:
        return await self.upstream.as_annotator(self.email, method, path, {"project": project}, body)

    async def _answer_body(self, body: Any, project: int, task: int | None) -> dict[str, Any]:
        design = (await self.queues.all())[project].rpartition(" ")[2]
        return answer_body(body, await self._user_id(), project, task, design)

    async def _user_id(self) -> int:
        return await self.upstream.user_id(self.email)

    async def _require_asked(self, project: int, task: int) -> None:
        """Refuse a task that this annotator was not asked and has not answered."""
        await self.queues.require(project)
        if self.access.was_given(self.email, project, task):
            return
        found = await self.upstream.as_operator(f"/api/tasks/{task}/")
        user_id = await self._user_id()
        is_there = found is not None and found.get("project", project) == project
        if not is_there or not any(author(a) == user_id for a in found.get("annotations") or ()):
            raise Refusal(f"task {task} is not assigned to you")

    async def _require_unanswered(self, task: int, but: int | None = None) -> None:
        """Refuse a second answer: it would take the place of the one that somebody else is to give."""
        found = await self.upstream.as_operator(f"/api/tasks/{task}/")
        user_id = await self._user_id()
        given = [a for a in (found or {}).get("annotations") or () if author(a) == user_id and a.get("id") != but]
        if any(not a.get("was_cancelled") for a in given):
            raise Refusal(f"you have answered task {task} already; open it from the list to change the answer", 409)

    async def _require_own_annotation(self, annotation: int, project: int) -> int:
        """The task of an own answer."""
        await self.queues.require(project)
        found = await self.upstream.as_operator(f"/api/annotations/{annotation}/")
        if found is None or found.get("project") != project or author(found) != await self._user_id():
            raise Refusal(f"answer {annotation} is not yours")
        return int(found["task"])


def _json(reply: httpx.Response) -> Any:
    """The content of a good reply.

    Raises:
        Refusal: with the server's own status and what it said.
    """
    if reply.is_success:
        return reply.json()
    try:
        message = reply.json().get("detail", "")
    except (ValueError, AttributeError):
        message = ""
    raise Refusal(str(message) or f"the review server answered HTTP {reply.status_code}", reply.status_code)

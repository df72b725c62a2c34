"""The calls of the labelling page: which paths and methods there are, and what each takes from a request."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

import httpx
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from verification_ui.gate import pages
from verification_ui.gate.bodies import json_body
from verification_ui.gate.refusals import Refusal
from verification_ui.gate.work import Work

Answer = Callable[[Request, Work], Awaitable[Response]]
_KEPT_HEADERS = ("content-type", "cache-control", "etag", "last-modified")
_STATIC_NAME = re.compile(r"[A-Za-z0-9_@+-][A-Za-z0-9_@+.-]*(/[A-Za-z0-9_@+-][A-Za-z0-9_@+.-]*)*")
_MOST_TASKS = 100


class _NumberConvertor(Convertor[int]):
    """A number of the server's: a path with a longer one is no route."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("number", _NumberConvertor())


async def home(request: Request, work: Work) -> Response:
    """The run's queues, and how much is left of each."""
    queues = await work.queues.all()
    return pages.queues([(number, title, *await work.left(number)) for number, title in sorted(queues.items())])


async def labelling(request: Request, work: Work) -> Response:
    """The page itself: the labelling stream, or a task that was answered before."""
    project = int(request.path_params["project"])
    await work.queues.require(project)
    task = request.query_params.get("task", "")
    if task.isdecimal() and len(task) < 19:
        asked = {"task": task}
    elif request.query_params.get("labeling") == "1":
        asked = {"labeling": "1"}
    else:
        return RedirectResponse(f"/projects/{project}/data?labeling=1", 302)
    reply = await work.get(f"/projects/{project}/data", **asked)
    return pages.with_script(reply.text, "/pointvos/page.js") if reply.is_success else _passed(reply)


async def static(request: Request, work: Work) -> Response:
    """Scripts, styles and fonts of Label Studio."""
    path = request.url.path
    if not _STATIC_NAME.fullmatch(path.strip("/")):
        raise Refusal("this is not a file of the page")
    kept = {name: request.headers[name] for name in ("if-none-match", "if-modified-since") if name in request.headers}
    return _passed(await work.upstream.as_annotator(work.email, "GET", path, dict(request.query_params), headers=kept))


async def media(request: Request, work: Work) -> Response:
    """A picture or a clip, from the run's own folder."""
    return work.media.respond(_only(request, "d"), request.headers.get("range"))


async def picture(request: Request, work: Work) -> Response:
    """A picture that the run keeps in a bucket."""
    reply = await work.picture(_number(request, "task"), _only(request, "fileuri"))
    if reply.is_redirect:
        return RedirectResponse(reply.headers["location"], reply.status_code)
    return _passed(reply)


async def left(request: Request, work: Work) -> Response:
    """How many questions are left of how many."""
    n_left, n_all = await work.left(_number(request, "project"))
    return JSONResponse({"left": n_left, "of": n_all})


async def version(request: Request, work: Work) -> Response:
    """Label Studio's version; the page asks for it."""
    return _passed(await work.get("/api/version"))


async def whoami(request: Request, work: Work) -> Response:
    """Who is logged in."""
    return JSONResponse((await work.me())[0])


async def users(request: Request, work: Work) -> Response:
    """The people that this annotator sees: themselves."""
    return JSONResponse(await work.me())


async def project(request: Request, work: Work) -> Response:
    """A queue's settings."""
    number = _number(request, "project")
    path = "/api/dm/project/" if request.url.path.startswith("/api/dm/") else f"/api/projects/{number}/"
    return JSONResponse(await work.project(path, number, request.query_params.get("include", "")))


async def of_queue(request: Request, work: Work) -> Response:
    """Columns, tabs, history: what Label Studio tells of a queue and holds no answers of others."""
    number = _number(request, "project")
    await work.queues.require(number)
    return _passed(await work.get(request.url.path.rstrip("/") + "/", project=number))


async def nothing(request: Request, work: Work) -> Response:
    """Models that help to label: there are none."""
    return JSONResponse([])


async def no_labels(request: Request, work: Work) -> Response:
    """Labels that people share: there are none."""
    return JSONResponse({"count": 0, "next": None, "previous": None, "results": []})


async def next_task(request: Request, work: Work) -> Response:
    """The one action of the data manager that is allowed."""
    if request.query_params.getlist("id") != ["next_task"]:
        raise Refusal(f"the action {request.query_params.get('id')!r} is not available to annotators")
    return JSONResponse(await work.next_task(_number(request, "project")))


async def tasks(request: Request, work: Work) -> Response:
    """Own tasks."""
    page, size = (_count(request, name, default) for name, default in (("page", 1), ("page_size", 30)))
    return JSONResponse(await work.tasks(_number(request, "project"), page, min(size, _MOST_TASKS)))


async def task(request: Request, work: Work) -> Response:
    """One own task."""
    return JSONResponse(await work.task(_number(request, "project"), _number(request, "task")))


async def answer(request: Request, work: Work) -> Response:
    """A new answer."""
    body = await json_body(request)
    return _passed(await work.answer(_number(request, "project"), _number(request, "task"), body))


async def drafts(request: Request, work: Work) -> Response:
    """Own drafts of a task, or a new one."""
    number, of_task = _number(request, "project"), _number(request, "task")
    if request.method != "POST":
        return JSONResponse(await work.own_drafts(number, of_task))
    annotation = _number(request, "annotation") if "annotation" in request.path_params else None
    return _passed(await work.drafts(number, of_task, annotation, await json_body(request)))


async def annotation(request: Request, work: Work) -> Response:
    """An own answer: looked at, changed, taken back, or made a draft again."""
    body = await json_body(request) if request.method == "PATCH" else None
    number = _number(request, "annotation")
    return _passed(await work.annotation(request.method, number, _number(request, "project"), body))


async def draft(request: Request, work: Work) -> Response:
    """An own draft: looked at, changed or removed."""
    body = await json_body(request) if request.method == "PATCH" else None
    return _passed(await work.draft(request.method, _number(request, "draft"), _number(request, "project"), body))


CALLS: Sequence[tuple[str, Answer, Sequence[str]]] = [
    ("/", home, ["GET"]),
    ("/projects", home, ["GET"]),
    ("/projects/{project:number}", labelling, ["GET"]),
    ("/projects/{project:number}/data", labelling, ["GET"]),
    ("/pointvos/left/{project:number}", left, ["GET"]),
    ("/favicon.ico", static, ["GET"]),
    ("/sw.js", static, ["GET"]),
    ("/sw-fallback.js", static, ["GET"]),
    *((f"/{folder}/{{path:path}}", static, ["GET"]) for folder in ("static", "react-app", "label-studio-frontend")),
    ("/data/local-files", media, ["GET"]),
    ("/tasks/{task:number}/resolve", picture, ["GET"]),
    ("/api/version", version, ["GET"]),
    ("/api/current-user/whoami", whoami, ["GET"]),
    ("/api/users", users, ["GET"]),
    ("/api/ml", nothing, ["GET"]),
    ("/api/label_links", no_labels, ["GET"]),
    ("/api/projects/{project:number}", project, ["GET"]),
    ("/api/projects/{project:number}/label-stream-history", of_queue, ["GET"]),
    ("/api/dm/project", project, ["GET"]),
    ("/api/dm/columns", of_queue, ["GET"]),
    ("/api/dm/views", of_queue, ["GET"]),
    ("/api/dm/actions", next_task, ["POST"]),
    ("/api/tasks", tasks, ["GET"]),
    ("/api/tasks/{task:number}", task, ["GET"]),
    ("/api/tasks/{task:number}/annotations", answer, ["POST"]),
    ("/api/tasks/{task:number}/drafts", drafts, ["GET", "POST"]),
    ("/api/tasks/{task:number}/annotations/{annotation:number}/drafts", drafts, ["POST"]),
    ("/api/annotations/{annotation:number}", annotation, ["GET", "PATCH", "DELETE"]),
    ("/api/annotations/{annotation:number}/convert-to-draft", annotation, ["POST"]),
    ("/api/drafts/{draft:number}", draft, ["GET", "PATCH", "DELETE"]),
]
"""Path, what answers it, methods."""


def _number(request: Request, name: str) -> int:
    """A number of the path, else of the query.

    Raises:
        Refusal: it is not there once, or it is not a number.
    """
    found = str(request.path_params[name]) if name in request.path_params else _only(request, name)
    if not (found.isascii() and found.isdecimal() and len(found) < 19):
        raise Refusal(f"{name} {found[:40]!r} is not a number", 400)
    return int(found)


def _count(request: Request, name: str, default: int) -> int:
    return max(1, _number(request, name)) if name in request.query_params else default


def _only(request: Request, name: str) -> str:
    found = request.query_params.getlist(name)
    if len(found) != 1:
        raise Refusal(f"{name} has to be given once, not {len(found)} times", 400)
    return str(found[0])


def _passed(reply: httpx.Response) -> Response:
    """The server's reply without its cookies and cross-origin headers."""
    headers = {name: reply.headers[name] for name in _KEPT_HEADERS if name in reply.headers}
    return Response(reply.content, reply.status_code, headers)

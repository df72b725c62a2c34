"""The studio as a web application. Its routes are the allow-list: a call that no route names is answered 404."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import cache
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import verification_ui.gate.calls  # noqa: F401 - registers the convertor ``number``
from verification_ui.gate.access import Access, Page
from verification_ui.gate.bodies import json_body
from verification_ui.gate.guard import HEADERS, Guard
from verification_ui.gate.refusals import Refusal
from verification_ui.studio.events import Events
from verification_ui.studio.request_parsing import read_frame, read_hint, read_index, read_name, read_object
from verification_ui.studio.service import StudioService

PERSON = "studio"
"""Who works in the studio, as its links and sessions name them."""
HOW_TO_ENTER = "Open the link that pointvos studio printed. It works once; run the command again for another one."
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_TYPES = {"js": "text/javascript", "css": "text/css"}
_MOST_MASK_FRAMES = 500
_MOST_PAGE = 40
"""Characters of a page's own id, which it sends with every call."""


@dataclass
class Studio:
    """One run's studio.

    Attributes:
        page: where it is served.
        access: links and sessions.
        service: does the work.
        events: what the service tells.
    """

    page: Page
    access: Access
    service: StudioService
    events: Events = field(default_factory=Events)

    def __post_init__(self) -> None:
        self.guard = Guard(self.page, self.access, HOW_TO_ENTER, {**HEADERS, "Content-Security-Policy": _POLICY})

    def application(self) -> Starlette:
        """The ASGI application."""
        handlers: Any = {Refusal: self.guard.refused, HTTPException: self._no_route}
        app = Starlette(routes=list(self._routes()), exception_handlers=handlers)
        app.router.redirect_slashes = False
        return app

    def _routes(self) -> Sequence[Route]:
        video = "/api/videos/{number:number}"
        return [
            Route("/enter", self._entrance(), methods=["GET", "POST"]),
            *(route for route in self.guard.routes() if route.path != "/enter"),
            Route("/", self.guard.checked(self._home)),
            Route("/studio/{name}", self.guard.checked(self._asset)),
            self._call("/api/events", self._events),
            self._call("/api/videos", self._videos),
            self._call(video, self._open),
            self._call(f"{video}/thumbnail", self._thumbnail),
            self._call(f"{video}/frames/{{frame:number}}", self._frame),
            self._call(f"{video}/preview/{{frame:number}}", self._preview),
            self._call(f"{video}/masks", self._masks),
            self._call(f"{video}/next", self._next),
            self._call(f"{video}/plan", self._plan),
            self._call(f"{video}/hints", self._hint, "POST"),
            self._call(f"{video}/corrections", self._correct, "POST"),
            self._call(f"{video}/{{act}}", self._act, "POST"),
            self._call("/api/work/{act}", self._work, "POST"),
        ]

    def _entrance(self) -> Callable[[Request], Awaitable[Response]]:
        """The page that exchanges a link holds a style of its own, which the studio's policy would not let in."""

        async def entrance(request: Request) -> Response:
            response = await self.guard.checked(self.guard.enter)(request)
            response.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"]
            return response

        return entrance

    def _call(self, path: str, answer: Callable[[Request], Awaitable[Any]], method: str = "GET") -> Route:
        async def called(request: Request) -> Response:
            session = self.guard.session(request)
            self.guard.require_key(request, session)
            found = await answer(request)
            return found if isinstance(found, Response) else _json(found)

        return Route(path, self.guard.checked(called), methods=[method])

    async def _home(self, request: Request) -> Response:
        self.guard.session(request)
        headers = {"Cache-Control": "no-store"}
        return Response(_read("page.html"), media_type="text/html", headers=headers)

    async def _asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _assets():
            raise Refusal(f"{name!r} is not a file of the page", 404)
        kind = _TYPES[name.rpartition(".")[2]]
        return Response(_read(name), media_type=kind, headers={"Cache-Control": "no-cache"})

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(
            self.events.stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _videos(self, request: Request) -> Any:
        return await run_in_threadpool(self.service.videos)

    async def _open(self, request: Request) -> Any:
        return await run_in_threadpool(self.service.open, _number(request))

    async def _thumbnail(self, request: Request) -> Response:
        return _jpeg(await run_in_threadpool(self.service.thumbnail, _number(request)))

    async def _frame(self, request: Request) -> Response:
        is_full = request.query_params.get("full") == "1"
        return _jpeg(await run_in_threadpool(self.service.frame, _number(request), _frame_idx(request), is_full))

    async def _preview(self, request: Request) -> Any:
        return await run_in_threadpool(self.service.preview, _number(request), _frame_idx(request))

    async def _masks(self, request: Request) -> Any:
        asked = {name: _query(request, name) for name in ("start", "stop", "round")}
        start, stop = asked["start"] or 0, asked["stop"] or 0
        if stop - start > _MOST_MASK_FRAMES:
            raise Refusal(f"at most {_MOST_MASK_FRAMES} frames of masks can be requested at once", 400)
        return await run_in_threadpool(self.service.masks, _number(request), start, stop, asked["round"])

    async def _next(self, request: Request) -> Any:
        after = _query(request, "after")
        found = await run_in_threadpool(self.service.suggest_next, _number(request), -1 if after is None else after)
        return {"suggestion": None if found is None else asdict(found)}

    async def _plan(self, request: Request) -> Any:
        return {"seconds": await run_in_threadpool(self.service.plan, _number(request))}

    async def _hint(self, request: Request) -> Any:
        found = await run_in_threadpool(self.service.hint, _number(request), read_hint(await json_body(request)))
        self._tell_change(request)
        return found

    async def _correct(self, request: Request) -> Any:
        found = await run_in_threadpool(self.service.correct, _number(request), read_hint(await json_body(request)))
        self._tell_change(request)
        return found

    def _tell_change(self, request: Request) -> None:
        """Let other pages of the same video read it again; the page that sent the request knows."""
        page = request.headers.get("X-Pointvos-Page", "")[:_MOST_PAGE]
        self.events.tell("changed", {"number": _number(request), "page": page})

    async def _act(self, request: Request) -> Any:
        """What is asked of one object or of the whole video, and needs no answer."""
        number, act, body = _number(request), request.path_params["act"], await json_body(request)
        match act:
            case "rename":
                await run_in_threadpool(self.service.rename, number, read_object(body), read_name(body))
            case "delete":
                await run_in_threadpool(self.service.delete, number, read_object(body))
            case "absent" | "lock":
                await run_in_threadpool(self.service.toggle_mark, number, read_object(body), read_frame(body), act)
            case "track" | "refine" | "undo":
                wanted = {"track": self.service.track, "refine": self.service.refine, "undo": self.service.undo}[act]
                await run_in_threadpool(wanted, number)
            case _:
                raise Refusal(f"unknown action {act!r}", 404)
        self._tell_change(request)
        return {}

    async def _work(self, request: Request) -> Any:
        act = request.path_params["act"]
        if act not in ("pause", "resume", "stop"):
            raise Refusal(f"unknown action {act!r}", 404)
        if act == "stop":
            await run_in_threadpool(self.service.stop)
        else:
            await run_in_threadpool(self.service.pause, act == "pause")
        return {}

    async def _no_route(self, request: Request, problem: Exception) -> Response:
        return await self.guard.refused(request, Refusal(f"there is no {request.method} {request.url.path} here", 404))


def _number(request: Request) -> int:
    return int(request.path_params["number"])


def _frame_idx(request: Request) -> int:
    return read_index(request.path_params["frame"], "frame")


def _query(request: Request, name: str) -> int | None:
    """A whole number of the query; None when it is not given."""
    given = request.query_params.get(name)
    if given is None:
        return None
    if not given.isdecimal() or len(given) > 10:
        raise Refusal(f"{name} is {given!r:.40}, not a number", 400)
    return read_index(int(given), name)


def _json(found: Any) -> Response:
    content = [asdict(one) for one in found] if isinstance(found, list) else found
    if is_dataclass(found) and not isinstance(found, type):
        content = asdict(found)
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def _jpeg(content: bytes) -> Response:
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


@cache
def _assets() -> frozenset[str]:
    """The page's scripts and its style sheet."""
    return frozenset(
        file.name for file in resources.files("verification_ui.studio").iterdir() if file.name.endswith((".js", ".css"))
    )


@cache
def _read(name: str) -> str:
    return resources.files("verification_ui.studio").joinpath(name).read_text(encoding="utf-8")

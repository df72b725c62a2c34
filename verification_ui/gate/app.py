"""The gate as a web application. Its routes are the allow-list: a call that no route names is answered 403."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from verification_ui.gate import pages
from verification_ui.gate.access import SESSION_DAYS, Access, Page, Session
from verification_ui.gate.attempts import Attempts
from verification_ui.gate.bodies import json_or_form
from verification_ui.gate.calls import CALLS, Answer
from verification_ui.gate.media_files import MediaFiles
from verification_ui.gate.origins import OWN_FETCHES, SAFE, require_own_origin
from verification_ui.gate.refusals import Refusal
from verification_ui.gate.upstream import Upstream
from verification_ui.gate.work import Queues, Work
from verification_ui.media.location import MediaPlace

COOKIE, KEY_HEADER = "pointvos_session", "X-Pointvos-Key"
_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'none'; object-src 'none'; base-uri 'self'; form-action 'self'",
}


@dataclass
class Gate:
    """One run's gate.

    Attributes:
        page: where it is served.
        access: links, sessions, given tasks.
        upstream: the private server.
        titles: of the run's projects.
        media: the pictures.
        place: where pictures are, when the run keeps them elsewhere.
        attempts: failed log-ins.
    """

    page: Page
    access: Access
    upstream: Upstream
    titles: Container[str]
    media: MediaFiles
    place: MediaPlace = field(default_factory=MediaPlace)
    attempts: Attempts = field(default_factory=Attempts)

    def __post_init__(self) -> None:
        self.queues = Queues(self.upstream, self.titles)

    def application(self) -> Starlette:
        """The ASGI application; it opens and closes its connections itself."""

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with self.upstream:
                yield

        handlers: Any = {Refusal: _refused, httpx.HTTPError: _no_server, HTTPException: _no_route}
        app = Starlette(routes=list(self._routes()), exception_handlers=handlers, lifespan=lifespan)
        app.router.redirect_slashes = False
        app.add_middleware(_WithoutLastSlash)
        return app

    def _routes(self) -> Sequence[Route]:
        return [
            Route("/enter", self._checked(self._enter), methods=["GET", "POST"]),
            Route("/user/login", self._checked(self._enter), methods=["GET", "POST"]),
            Route("/logout", self._checked(self._leave)),
            Route("/pointvos/{name}", self._checked(self._script)),
            *(self._route(path, answer, methods) for path, answer, methods in CALLS),
        ]

    def _route(self, path: str, answer: Answer, methods: Sequence[str]) -> Route:
        async def as_somebody(request: Request) -> Response:
            session = self._session(request)
            is_call = request.url.path.startswith(("/api/", "/pointvos/"))
            if (is_call or request.method not in SAFE) and not session.has_key(request.headers.get(KEY_HEADER, "")):
                raise Refusal("this call does not come from the page that was logged in")
            work = Work(session.email, self.access, self.upstream, self.queues, self.place, self.media)
            return await answer(request, work)

        return Route(path, self._checked(as_somebody), methods=list(methods))

    def _checked(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            require_own_origin(request, self.page.origin)
            response = await answer(request)
            response.headers.update(_HEADERS)
            return response

        return checked

    def _session(self, request: Request) -> Session:
        session = self.access.session(request.cookies.get(COOKIE, ""))
        if session is None:
            raise Refusal("nobody is logged in here; open your log-in link, or ask for a new one", 401)
        return session

    async def _enter(self, request: Request) -> Response:
        """Show the page that exchanges a link, or exchange it."""
        if request.method in SAFE:
            return pages.message("Log in", pages.HOW_TO_LOG_IN, script="/pointvos/enter.js")
        given = await json_or_form(request)
        email, link = str(given.get("email", ""))[:320], str(given.get("link", ""))
        if wait_s := self.attempts.wait_s(email):
            raise Refusal(f"too many failed attempts; try again in {wait_s:.0f} s", 429, wait_s)
        found = self.access.redeem(email, link) if link else None
        if found is None:
            self.attempts.failed(email)
            raise Refusal("this link was used before, has expired, or is not right; ask for a new one")
        self.attempts.succeeded(email)
        response = JSONResponse({"key": found.key, "to": "/"})
        age_s = int(86400 * SESSION_DAYS)
        response.set_cookie(COOKIE, found.cookie, max_age=age_s, httponly=True, samesite="strict")
        return response

    async def _leave(self, request: Request) -> Response:
        """End the session, unless another site sends the browser here."""
        if request.headers.get("sec-fetch-site", "") not in OWN_FETCHES:
            raise Refusal("to log out, use the page's own menu")
        self.access.end(request.cookies.get(COOKIE, ""))
        response = pages.message("Logged out", pages.HOW_TO_LOG_IN)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    async def _script(self, request: Request) -> Response:
        return pages.script(request.path_params["name"])


@dataclass(frozen=True)
class _WithoutLastSlash:
    """``/api/tasks/1/`` is ``/api/tasks/1``, as Label Studio takes it."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        await self.app(scope, receive, send)


async def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refusal)
    headers = dict(_HEADERS)
    if problem.retry_after_s:
        headers["Retry-After"] = str(math.ceil(problem.retry_after_s))
    if request.headers.get("sec-fetch-dest") == "document":
        return pages.message("Not possible", str(problem), status=problem.status, headers=headers)
    return JSONResponse({"detail": str(problem)}, problem.status, headers)


async def _no_route(request: Request, problem: Exception) -> Response:
    """Unknown paths and methods alike: annotators can do what the labelling page needs."""
    return await _refused(request, Refusal(f"{request.method} {request.url.path} is not part of answering questions"))


async def _no_server(request: Request, problem: Exception) -> Response:
    return await _refused(request, Refusal(f"the review server does not answer ({type(problem).__name__})", 502))

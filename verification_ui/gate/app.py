"""The gate as a web application. Its routes are the allow-list: a call that no route names is answered 403."""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from verification_ui.gate.access import Access, Page
from verification_ui.gate.calls import CALLS, Answer
from verification_ui.gate.guard import Guard
from verification_ui.gate.media_files import MediaFiles
from verification_ui.gate.origins import SAFE
from verification_ui.gate.refusals import Refusal
from verification_ui.gate.upstream import Upstream
from verification_ui.gate.work import Queues, Work
from verification_ui.media.location import MediaPlace


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
    """

    page: Page
    access: Access
    upstream: Upstream
    titles: Container[str]
    media: MediaFiles
    place: MediaPlace = field(default_factory=MediaPlace)

    def __post_init__(self) -> None:
        self.queues = Queues(self.upstream, self.titles)
        self.guard = Guard(self.page, self.access)

    def application(self) -> Starlette:
        """The ASGI application; it opens and closes its connections itself."""

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with self.upstream:
                yield

        handlers: Any = {
            Refusal: self.guard.refused, httpx.HTTPError: self._no_server, HTTPException: self._no_route,
        }  # fmt: skip
        app = Starlette(routes=list(self._routes()), exception_handlers=handlers, lifespan=lifespan)
        app.router.redirect_slashes = False
        app.add_middleware(_DropTrailingSlash)
        return app

    def _routes(self) -> Sequence[Route]:
        return [
            *self.guard.routes(),
            Route("/user/login", self.guard.checked(self.guard.enter), methods=["GET", "POST"]),
            *(self._route(path, answer, methods) for path, answer, methods in CALLS),
        ]

    def _route(self, path: str, answer: Answer, methods: Sequence[str]) -> Route:
        async def as_somebody(request: Request) -> Response:
            session = self.guard.session(request)
            is_call = request.url.path.startswith(("/api/", "/pointvos/"))
            if is_call or request.method not in SAFE:
                self.guard.require_key(request, session)
            work = Work(session.email, self.access, self.upstream, self.queues, self.place, self.media)
            return await answer(request, work)

        return Route(path, self.guard.checked(as_somebody), methods=list(methods))

    async def _no_route(self, request: Request, problem: Exception) -> Response:
        """Unknown paths and methods alike: annotators can do what the labelling page needs."""
        what = f"{request.method} {request.url.path} is not available to annotators"
        return await self.guard.refused(request, Refusal(what))

    async def _no_server(self, request: Request, problem: Exception) -> Response:
        what = f"the review server does not answer ({type(problem).__name__})"
        return await self.guard.refused(request, Refusal(what, 502))


@dataclass(frozen=True)
class _DropTrailingSlash:
    """``/api/tasks/1/`` is ``/api/tasks/1``, as Label Studio takes it."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        await self.app(scope, receive, send)

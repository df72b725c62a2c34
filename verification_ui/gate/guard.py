"""What every page of ours on loopback asks before it answers: where a call comes from, and who sends it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from verification_ui.gate import pages
from verification_ui.gate.access import SESSION_DAYS, Access, Page, Session
from verification_ui.gate.attempts import Attempts
from verification_ui.gate.bodies import json_or_form
from verification_ui.gate.origins import OWN_FETCHES, SAFE, require_own_origin
from verification_ui.gate.refusals import Refusal

COOKIE, KEY_HEADER = "pointvos_session", "X-Pointvos-Key"
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'none'; object-src 'none'; base-uri 'self'; form-action 'self'",
}
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass
class Guard:
    """One page's checks.

    Attributes:
        page: where it is served.
        access: links and sessions.
        how_to_enter: what somebody without a link should do.
        headers: of every answer.
        attempts: failed log-ins.
    """

    page: Page
    access: Access
    how_to_enter: str = pages.HOW_TO_LOG_IN
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)
    attempts: Attempts = field(default_factory=Attempts)

    def routes(self) -> list[Route]:
        """The calls that let people in and out."""
        return [
            Route("/enter", self.checked(self.enter), methods=["GET", "POST"]),
            Route("/logout", self.checked(self._leave)),
            Route("/pointvos/{name}", self.checked(self._script)),
        ]

    def checked(self, answer: Endpoint) -> Endpoint:
        """An endpoint that answers calls of the page's own origin only, with our headers."""

        async def checked(request: Request) -> Response:
            require_own_origin(request, self.page.origin)
            response = await answer(request)
            response.headers.update(self.headers)
            return response

        return checked

    def session(self, request: Request) -> Session:
        """Who sends this.

        Raises:
            Refusal: nobody is logged in.
        """
        session = self.access.session(request.cookies.get(COOKIE, ""))
        if session is None:
            raise Refusal("you are not logged in; open your log-in link, or ask for a new one", 401)
        return session

    def require_key(self, request: Request, session: Session) -> None:
        """Make sure that a call comes from the page itself; a cookie alone opens nothing.

        Raises:
            Refusal: its key is missing or not the session's.
        """
        if not session.has_key(request.headers.get(KEY_HEADER, "")):
            raise Refusal("this call does not come from the page that was logged in")

    async def refused(self, request: Request, problem: Exception) -> Response:
        """The answer to a call that is refused."""
        assert isinstance(problem, Refusal)
        headers = dict(self.headers)
        if problem.retry_after_s:
            headers["Retry-After"] = str(math.ceil(problem.retry_after_s))
        if request.headers.get("sec-fetch-dest") == "document":
            return pages.message("Not possible", str(problem), status=problem.status, headers=headers)
        return JSONResponse({"detail": str(problem)}, problem.status, headers)

    async def enter(self, request: Request) -> Response:
        """Show the page that exchanges a link, or exchange it."""
        if request.method in SAFE:
            return pages.message("Log in", self.how_to_enter, script="/pointvos/enter.js")
        given = await json_or_form(request)
        email, link = str(given.get("email", ""))[:320], str(given.get("link", ""))
        if wait_s := self.attempts.wait_s(email):
            raise Refusal(f"too many failed attempts; try again in {wait_s:.0f} s", 429, wait_s)
        found = self.access.redeem(email, link) if link else None
        if found is None:
            self.attempts.failed(email)
            raise Refusal("this link was used before, has expired, or is invalid; ask for a new one")
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
        response = pages.message("Logged out", self.how_to_enter)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    async def _script(self, request: Request) -> Response:
        return pages.script(request.path_params["name"])

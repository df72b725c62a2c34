"""Where a request comes from: the page itself, or something that another site makes a browser do."""

from __future__ import annotations

from starlette.requests import Request

from verification_ui.gate.refusals import Refusal

SAFE = ("GET", "HEAD")
OWN_FETCHES = ("", "same-origin", "none")
"""What browsers say of requests that no other site causes."""


def require_own_origin(request: Request, origin: str) -> None:
    """Refuse what a page of another origin sends, and every name but the page's own.

    A change needs an ``Origin`` that is exactly the page's: foreign, ``null`` and missing ones are refused, whatever
    cookie comes along. Reading needs that the browser does not name another site as the cause, except for opening
    the page in a window (a link in a mail); it is then opened without the cookie, which is ``SameSite=Strict``.

    Raises:
        Refusal: it comes from somewhere else.
    """
    headers = request.headers
    if headers.getlist("host") != [origin.removeprefix("http://")]:
        raise Refusal(f"this server answers requests to {origin} only")
    cause = headers.get("sec-fetch-site", "")
    given = ", ".join(headers.getlist("origin")) if "origin" in headers else None
    if request.method not in SAFE:
        if given != origin:
            raise Refusal(
                f"changes are accepted from the page at {origin} only, not from {given or 'an unnamed origin'}"
            )
        if cause not in OWN_FETCHES[:2]:
            raise Refusal("changes from another site are not accepted")
        return
    is_visit = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if given not in (None, origin) or (cause not in OWN_FETCHES and not is_visit):
        raise Refusal("this page cannot be shown inside other sites")

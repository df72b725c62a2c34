"""The two kinds of access tokens: legacy ones work for ever, personal ones buy five minutes at a time."""

from __future__ import annotations

import time
from collections.abc import Generator

import httpx

_RENEW_AFTER_S = 240.0
_TIMEOUT_S = 5.0


def is_personal(token: str) -> bool:
    """A personal token is a JSON web token; a legacy one is 40 hex digits."""
    return token.count(".") == 2


class TokenAuth(httpx.Auth):
    """Signs requests to one server, and no others, with a token of either kind."""

    requires_response_body = True

    def __init__(self, url: str, token: str) -> None:
        """Sign for the server at ``url``."""
        self._url, self._token = httpx.URL(url.rstrip("/")), token
        self._access, self._renew_at = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See :class:`httpx.Auth`; a personal token is exchanged when the last exchange is four minutes old."""
        if (request.url.scheme, request.url.netloc) != (self._url.scheme, self._url.netloc):
            request.headers.pop("Authorization", None)
            yield request
            return
        if is_personal(self._token) and time.monotonic() >= self._renew_at:
            address, extensions = f"{self._url}/api/token/refresh/", {**request.extensions}
            reply = yield httpx.Request("POST", address, json={"refresh": self._token}, extensions=extensions)
            self._take(reply)
        request.headers["Authorization"] = f"Bearer {self._access}" if is_personal(self._token) else self._legacy()
        yield request

    def _legacy(self) -> str:
        return f"Token {self._token}"

    def _take(self, reply: httpx.Response) -> None:
        """Keep the new access token; with none, the server refuses the request that follows.

        Raises:
            httpx.RemoteProtocolError: the server failed.
        """
        if reply.status_code == httpx.codes.OK:
            self._access, self._renew_at = str(reply.json()["access"]), time.monotonic() + _RENEW_AFTER_S
        elif reply.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise httpx.RemoteProtocolError(f"no access token: HTTP {reply.status_code}", request=reply.request)


def signed(url: str, token: str, timeout_s: float = _TIMEOUT_S) -> httpx.Client:
    """A connection to a server on this machine."""
    return httpx.Client(base_url=url, auth=TokenAuth(url, token), trust_env=False, timeout=timeout_s)


def accepts(url: str, token: str) -> bool:
    """True when the server at ``url`` is up and knows the token."""
    try:
        with signed(url, token) as server:
            return bool(server.get("/api/current-user/whoami").raise_for_status().json()["email"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False


def make_personal(url: str, legacy: str) -> str:
    """A new personal token in exchange for a legacy one, which no longer works afterwards, nor does any other.

    Raises:
        httpx.HTTPError: the server does not answer or does not take the legacy token.
    """
    with signed(url, legacy) as server:
        made = str(server.post("/api/token/", json={}).raise_for_status().json()["token"])
    with signed(url, made) as server:
        settings = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": False}
        server.post("/api/jwt/settings", json=settings).raise_for_status()
    return made

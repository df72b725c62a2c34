"""The private Label Studio, spoken to as the operator (token) or as one annotator (a session that nobody else has)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from verification_ui.gate.refusals import Refusal
from verification_ui.queue.tokens import TokenAuth
from verification_ui.server.accounts import set_session_password

_TIMEOUT_S = 120.0
_LIMITS = httpx.Limits(max_keepalive_connections=0)
"""A kept connection may end just when it is used again, and nobody could tell whether an answer came through."""
_LOGIN = "/user/login/"


@dataclass
class _Person:
    client: httpx.AsyncClient
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    user_id: int | None = None


class Upstream:
    """Connections to one private server; used inside ``async with``.

    An annotator's account has a password that this process makes, keeps in memory and tells nobody: people enter by
    links, and whoever reaches the private server's port cannot log in to it.
    """

    def __init__(self, url: str, token: str, folder: Path) -> None:
        """Speak to the server at ``url``, whose data lies in ``folder``, with the operator's ``token``."""
        self._url, self._folder, self._token = url, folder, token
        self._people: dict[str, _Person] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Upstream:
        self._operator = await self._connect(TokenAuth(self._url, self._token))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def as_operator(self, path: str, **params: Any) -> Any:
        """The JSON of a GET with the operator's token; None when there is no such thing.

        Raises:
            httpx.HTTPError: the server failed or does not answer.
        """
        reply = await self._operator.get(path, params=params)
        return None if reply.status_code == httpx.codes.NOT_FOUND else reply.raise_for_status().json()

    async def as_annotator(
        self,
        email: str,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A reply to ``email``; logs them in when there is no session, or when it has ended.

        Raises:
            Refusal: the account is disabled.
            httpx.HTTPError: the server does not answer.
        """
        person = await self._person(email)
        for _ in range(2):
            await self._log_in(email, person)
            reply = await person.client.request(method, path, params=params, json=json, headers=headers)
            if reply.status_code != httpx.codes.UNAUTHORIZED and _LOGIN not in reply.headers.get("location", ""):
                return reply
            person.user_id = None
        raise Refusal("this account is disabled; ask the person who runs the review", 401)

    async def user_id(self, email: str) -> int:
        """The server's number of an annotator."""
        person = await self._person(email)
        return await self._log_in(email, person)

    async def _person(self, email: str) -> _Person:
        if email not in self._people:
            made = _Person(await self._connect(None))
            self._people.setdefault(email, made)
        return self._people[email]

    async def _log_in(self, email: str, person: _Person) -> int:
        async with person.lock:
            if person.user_id is None:
                person.user_id = await self._begin_session(email, person.client)
            return person.user_id

    async def _begin_session(self, email: str, client: httpx.AsyncClient) -> int:
        password = secrets.token_hex(32)
        await asyncio.to_thread(set_session_password, self._folder, email, password)
        client.cookies.clear()
        await client.get(_LOGIN)
        form = {"email": email, "password": password, "csrfmiddlewaretoken": client.cookies.get("csrftoken", "")}
        await client.post(_LOGIN, data={**form, "persist_session": "on"})
        reply = await client.get("/api/current-user/whoami")
        if reply.status_code == httpx.codes.UNAUTHORIZED:
            raise Refusal("this account is disabled; ask the person who runs the review", 401)
        return int(reply.raise_for_status().json()["id"])

    async def _connect(self, auth: httpx.Auth | None) -> httpx.AsyncClient:
        return await self._stack.enter_async_context(
            httpx.AsyncClient(base_url=self._url, auth=auth, timeout=_TIMEOUT_S, trust_env=False, limits=_LIMITS)
        )

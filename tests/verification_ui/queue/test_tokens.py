from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from verification_ui.queue import tokens
from verification_ui.queue.tokens import TokenAuth, accepts, is_personal

PERSONAL = "eyJh.eyJ0.c2ln"
LEGACY = "0" * 40


def asked(token: str, *urls: str, refresh: Callable[[], httpx.Response]) -> list[tuple[str, str | None]]:
    """What a server gets: path and header of every request, the exchange of a personal token included."""
    seen: list[tuple[str, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.path, request.headers.get("Authorization")))
        if request.url.path.endswith("/refresh/"):
            assert json.loads(request.content) == {"refresh": token}
            return refresh()
        return httpx.Response(200, json={})

    transport = httpx.MockTransport(answer)
    with httpx.Client(auth=TokenAuth("https://label.example/studio/", token), transport=transport) as client:
        for url in urls:
            client.get(url)
    return seen


def fresh() -> httpx.Response:
    return httpx.Response(200, json={"access": "a1"})


def test_a_token_of_three_parts_is_personal() -> None:
    assert is_personal(PERSONAL)
    assert not is_personal(LEGACY)


def test_a_legacy_token_is_given_as_it_is() -> None:
    assert asked(LEGACY, "https://label.example/studio/api/x", refresh=fresh) == [("/studio/api/x", f"Token {LEGACY}")]


def test_a_personal_token_is_exchanged_once() -> None:
    url = "https://label.example/studio/api/x"
    assert asked(PERSONAL, url, url, refresh=fresh) == [
        ("/studio/api/token/refresh/", None), ("/studio/api/x", "Bearer a1"), ("/studio/api/x", "Bearer a1"),
    ]  # fmt: skip


def test_and_again_when_it_has_aged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_RENEW_AFTER_S", 0.0)
    url = "https://label.example/studio/api/x"
    paths = [path for path, _ in asked(PERSONAL, url, url, refresh=fresh)]
    assert paths == ["/studio/api/token/refresh/", "/studio/api/x"] * 2


def test_no_other_server_gets_a_token() -> None:
    for url in ("https://other.example/x", "http://label.example/studio/x", "https://label.example:8443/x"):
        assert asked(LEGACY, url, refresh=fresh)[0][1] is None


def test_a_refused_token_lets_the_server_refuse_the_request() -> None:
    seen = asked(PERSONAL, "https://label.example/studio/api/x", refresh=lambda: httpx.Response(401))
    assert [path for path, _ in seen] == ["/studio/api/token/refresh/", "/studio/api/x"]


def test_a_failing_server_is_no_refusal() -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="no access token: HTTP 503"):
        asked(PERSONAL, "https://label.example/studio/api/x", refresh=lambda: httpx.Response(503))


def test_where_nothing_answers_nothing_is_accepted() -> None:
    assert not accepts("http://127.0.0.1:9", PERSONAL)
    assert not accepts("http://127.0.0.1:9", LEGACY)

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from verification_ui.accounts import accounts, add_account, disable_account
from verification_ui.client import LabelStudioClient
from verification_ui.review_queue import Refused


@pytest.fixture(scope="module")
def client(served_run: Any) -> Iterator[LabelStudioClient]:
    with LabelStudioClient(served_run.server.url, served_run.server.credentials.token) as made:
        yield made


@contextmanager
def log_in(url: str, email: str, password: str) -> Iterator[httpx.Client]:
    """A browser's session after an attempt to log in."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60, follow_redirects=True) as session:
        session.get("/user/login/")
        form = {"email": email, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        session.post("/user/login/", data=form)
        yield session


def is_in(session: httpx.Client) -> bool:
    return session.get("/api/projects/").status_code == 200


@pytest.mark.labelstudio
def test_somebody_gets_an_account_and_is_locked_out_at_once_and_keeps_the_name(
    served_run: Any, client: LabelStudioClient
) -> None:
    folder, url = served_run.run.path / "review", served_run.server.url
    password = add_account(client, folder, "ann@example.org")
    assert len(password) == 16
    assert password not in (folder / "server.log").read_text()
    with log_in(url, "ann@example.org", password) as session:
        assert is_in(session)
        assert {a.email: a.is_active for a in accounts(folder)}["ann@example.org"]
        disable_account(folder, "ann@example.org")
        assert not is_in(session)
    with log_in(url, "ann@example.org", password) as again:
        assert not is_in(again)
    assert {a.email: a.is_active for a in accounts(folder)}["ann@example.org"] is False
    assert "ann@example.org" in {str(user.email) for user in client.sdk.users.list()}


@pytest.mark.labelstudio
def test_adding_somebody_again_gives_a_new_password_and_lets_them_in(
    served_run: Any, client: LabelStudioClient
) -> None:
    folder, url = served_run.run.path / "review", served_run.server.url
    first = add_account(client, folder, "bob@example.org")
    disable_account(folder, "bob@example.org")
    second = add_account(client, folder, "bob@example.org")
    assert hashlib.sha256(first.encode()).digest() != hashlib.sha256(second.encode()).digest()
    with log_in(url, "bob@example.org", first) as old, log_in(url, "bob@example.org", second) as new:
        assert (is_in(old), is_in(new)) == (False, True)


@pytest.mark.labelstudio
def test_an_address_that_is_none_is_refused(served_run: Any, client: LabelStudioClient) -> None:
    with pytest.raises(Refused, match="cannot add the account 'nobody': HTTP 400"):
        add_account(client, served_run.run.path / "review", "nobody")


@pytest.mark.labelstudio
def test_locking_out_somebody_unknown_names_who_there_is(served_run: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown annotator 'x@y\.z'; known: .*reviewer@pointvos\.local"):
        disable_account(served_run.run.path / "review", "x@y.z")


def test_a_server_that_was_never_started_has_no_accounts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="was never started; start it with: pointvos review up"):
        accounts(tmp_path / "review")

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from verification_ui.gate.access import Access, Page
from verification_ui.queue.client import LabelStudioClient
from verification_ui.queue.review_queue import Refused
from verification_ui.server.accounts import accounts, add_account, disable_account


@pytest.fixture(scope="module")
def client(served_run: Any) -> Iterator[LabelStudioClient]:
    with LabelStudioClient(served_run.server.url, served_run.server.credentials.token) as made:
        yield made


@contextmanager
def entered(page: Page, access: Access, email: str) -> Iterator[httpx.Client]:
    """A browser's session after a link was opened."""
    with httpx.Client(base_url=page.origin, trust_env=False, timeout=60, headers={"Origin": page.origin}) as session:
        reply = session.post("/enter", json={"email": email, "link": access.make_link(email)})
        session.headers["X-Pointvos-Key"] = reply.json()["key"]
        yield session


def status(session: httpx.Client) -> int:
    return session.get("/api/current-user/whoami").status_code


@pytest.mark.labelstudio
def test_a_disabled_account_is_out_at_once_and_keeps_its_name(served_run: Any, client: LabelStudioClient) -> None:
    folder, access = served_run.folder, Access(served_run.folder)
    add_account(client, folder, "ann@example.org")
    with entered(served_run.page, access, "ann@example.org") as session:
        assert status(session) == 200
        assert {a.email: a.is_active for a in accounts(folder)}["ann@example.org"]
        disable_account(folder, "ann@example.org")
        assert status(session) == 401
    with entered(served_run.page, access, "ann@example.org") as again:
        assert status(again) == 401
    assert {a.email: a.is_active for a in accounts(folder)}["ann@example.org"] is False
    assert "ann@example.org" in {str(user.email) for user in client.sdk.users.list()}


@pytest.mark.labelstudio
def test_adding_somebody_again_enables_the_account(served_run: Any, client: LabelStudioClient) -> None:
    folder, access = served_run.folder, Access(served_run.folder)
    add_account(client, folder, "bob@example.org")
    disable_account(folder, "bob@example.org")
    add_account(client, folder, "bob@example.org")
    with entered(served_run.page, access, "bob@example.org") as session:
        assert status(session) == 200


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

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from verification_ui.gate.access import Access, Page

HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(tmp_path: Path, clock: Clock) -> Access:
    return Access(tmp_path / "review", clock)


def test_a_link_opens_once(access: Access) -> None:
    token = access.make_link("ann@example.org")
    found = access.redeem("ann@example.org", token)
    assert found is not None
    assert access.redeem("ann@example.org", token) is None
    session = access.session(found.cookie)
    assert session is not None
    assert (session.email, session.has_key(found.key), session.has_key(found.cookie)) == (
        "ann@example.org",
        True,
        False,
    )


def test_a_link_is_good_for_a_day(access: Access, clock: Clock) -> None:
    first, second = access.make_link("ann@example.org"), access.make_link("ann@example.org")
    clock.now += 23.9 * HOUR
    assert access.redeem("ann@example.org", first) is not None
    clock.now += 0.2 * HOUR
    assert access.redeem("ann@example.org", second) is None


@pytest.mark.parametrize("token", ["", "x", "\ud800"])
def test_a_link_that_was_never_made_opens_nothing(access: Access, token: str) -> None:
    assert access.redeem("ann@example.org", token) is None


def test_a_link_of_somebody_else_opens_nothing_and_stays_good(access: Access) -> None:
    token = access.make_link("ann@example.org")
    assert access.redeem("bob@example.org", token) is None
    assert access.redeem("ann@example.org", token) is not None


def test_a_session_ends_after_two_weeks_or_when_it_is_ended(access: Access, clock: Clock) -> None:
    first, second = (access.redeem("ann@example.org", access.make_link("ann@example.org")) for _ in range(2))
    assert first is not None
    assert second is not None
    access.end(first.cookie)
    assert access.session(first.cookie) is None
    clock.now += 13.9 * 24 * HOUR
    assert access.session(second.cookie) is not None
    clock.now += 0.2 * 24 * HOUR
    assert access.session(second.cookie) is None


def test_locking_out_ends_sessions_and_links_of_that_account_only(access: Access) -> None:
    ann = access.redeem("ann@example.org", access.make_link("ann@example.org"))
    bob = access.redeem("bob@example.org", access.make_link("bob@example.org"))
    unused = access.make_link("ann@example.org")
    assert ann is not None
    assert bob is not None
    access.lock_out("ann@example.org")
    assert access.session(ann.cookie) is None
    assert access.redeem("ann@example.org", unused) is None
    assert access.session(bob.cookie) is not None


def test_the_page_keeps_its_address_of_its_own(access: Access) -> None:
    page = access.page()
    assert page.host.startswith("127.")
    assert (page.host, page.port) != ("127.0.0.1", 8181)
    assert Access(access.folder).page() == page
    assert access.page(port=9000) == Page(page.host, 9000)
    assert access.page(host="127.0.0.1") == access.page() == Page("127.0.0.1", 9000)


def test_the_file_is_private_and_holds_nothing_that_opens_anything(access: Access) -> None:
    token = access.make_link("ann@example.org")
    found = access.redeem("ann@example.org", access.make_link("ann@example.org"))
    assert found is not None
    (file,) = access.folder.iterdir()
    content = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(access.folder.stat().st_mode) == 0o700
    assert not [secret for secret in (token, found.cookie, found.key) if secret.encode() in content]
    assert token not in repr(access)
    assert found.cookie not in repr(found)


def test_what_somebody_was_asked_is_noted_for_them_alone(access: Access) -> None:
    access.give("ann@example.org", 1, 7)
    access.give("ann@example.org", 1, 7)
    assert access.was_given("ann@example.org", 1, 7)
    assert not access.was_given("bob@example.org", 1, 7)
    assert not access.was_given("ann@example.org", 2, 7)

"""The people of a run's own server, in its own database.

The community edition can neither set a password nor lock anybody out. It is locked to one version, so its tables are
known, and SQLite lets us write beside the running server.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import sqlite3
import string
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from verification_ui.queue.client import ONCE, LabelStudioClient, as_queue_problems

_DATABASE = "data/label_studio.sqlite3"
_ALPHABET = string.ascii_letters + string.digits
_ITERATIONS = 600_000
_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in, or could once.

    Attributes:
        email: the name that verdicts carry.
        is_active: may log in; a disabled account keeps its answers.
        last_login: the server's words for when, in UTC; None before the first time.
    """

    email: str
    is_active: bool
    last_login: str | None


def accounts(folder: Path) -> list[Account]:
    """All accounts of the server in ``folder``, by e-mail address.

    Raises:
        ValueError: the server was never started.
    """
    with _database(folder) as database:
        rows = database.execute("SELECT email, is_active, last_login FROM htx_user ORDER BY email").fetchall()
    return [Account(email, bool(is_active), last_login) for email, is_active, last_login in rows]


def add_account(client: LabelStudioClient, folder: Path, email: str) -> None:
    """Give somebody an account, or enable the one that there is. People log in by links, not by passwords.

    Raises:
        Refused: the server does not take the address.
    """
    if email not in {account.email for account in accounts(folder)}:
        with as_queue_problems(f"add the account {email!r}"):
            client.sdk.users.create(email=email, username=email, request_options=ONCE)
    with _database(folder) as database:
        database.execute("UPDATE htx_user SET is_active = 1 WHERE email = ?", (email,))


def set_password(folder: Path, email: str, password: str) -> None:
    """Give an account a password and enable it."""
    with _database(folder) as database:
        database.execute("UPDATE htx_user SET password = ?, is_active = 1 WHERE email = ?", (_hashed(password), email))


def set_session_password(folder: Path, email: str, password: str) -> None:
    """Give an account a random password that a program keeps in memory; a disabled account stays disabled.

    It is too long to be guessed, so that a single round of hashing is enough; Django hashes it again at the login.
    """
    with _database(folder) as database:
        database.execute("UPDATE htx_user SET password = ? WHERE email = ?", (_hashed(password, 1), email))


def disable_account(folder: Path, email: str) -> None:
    """End somebody's sessions and keys and disable the account; their answers stay.

    Raises:
        ValueError: nobody has this address; the message names who there is.
    """
    with _database(folder) as database:
        found = database.execute("UPDATE htx_user SET is_active = 0 WHERE email = ?", (email,)).rowcount
    if not found:
        known = ", ".join(account.email for account in accounts(folder))
        raise ValueError(f"unknown annotator {email!r}; known: {known}")


@contextmanager
def _database(folder: Path) -> Iterator[sqlite3.Connection]:
    path = folder / _DATABASE
    if not path.exists():
        raise ValueError(f"the review server of {folder.parent} was never started; start it with: pointvos review up")
    with closing(sqlite3.connect(path, timeout=_WAIT_S)) as database, database:
        yield database


def _hashed(password: str, iterations: int = _ITERATIONS) -> str:
    """As Django keeps it; it is hashed again with Django's own cost at the next login."""
    salt = "".join(secrets.choice(_ALPHABET) for _ in range(22))
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), iterations)
    return f"pbkdf2_sha256${iterations}${salt}${base64.b64encode(digest).decode()}"

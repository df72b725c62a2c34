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

from verification_ui.client import ONCE, LabelStudioClient, as_queue_problems

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


def add_account(client: LabelStudioClient, folder: Path, email: str) -> str:
    """Give somebody an account, or a new password when there is one; the password, which is kept nowhere.

    Raises:
        Refused: the server does not take the address.
    """
    if email not in {account.email for account in accounts(folder)}:
        with as_queue_problems(f"add the account {email!r}"):
            client.sdk.users.create(email=email, username=email, request_options=ONCE)
    password = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    set_password(folder, email, password)
    return password


def set_password(folder: Path, email: str, password: str) -> None:
    """Give an account a password and let it in."""
    with _database(folder) as database:
        database.execute("UPDATE htx_user SET password = ?, is_active = 1 WHERE email = ?", (_hashed(password), email))


def disable_account(folder: Path, email: str) -> None:
    """End somebody's sessions and keys and let them in no more; what they answered stays theirs.

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


def _hashed(password: str) -> str:
    """As Django keeps it; it is hashed anew with Django's own cost at the next login."""
    salt = "".join(secrets.choice(_ALPHABET) for _ in range(22))
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), _ITERATIONS)
    return f"pbkdf2_sha256${_ITERATIONS}${salt}${base64.b64encode(digest).decode()}"

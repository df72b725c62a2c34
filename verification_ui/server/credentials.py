"""The local server's one account: made once, kept in a file that only its owner reads, never printed again."""

from __future__ import annotations

import json
import os
import secrets
import string
from dataclasses import asdict, dataclass, field
from pathlib import Path

from schemas.whole_files import write_whole

EMAIL = "reviewer@pointvos.local"
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Credentials:
    """How people (email, password) and programs (token) get in. Secrets do not show in ``repr``.

    Attributes:
        email: of the account.
        password: of the account.
        token: what programs give; a personal one as soon as the server has made it.
        first_token: the legacy one with which the account is made; the server takes it until it has made the other.
    """

    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    first_token: str = field(repr=False, default="")


def private_folder(path: Path) -> Path:
    """Make ``path`` a folder that only its owner may enter.

    Raises:
        ValueError: it belongs to another user, who could read what we put there or have put something there for us.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (owner := path.stat().st_uid) != os.geteuid():
        raise ValueError(
            f"{path} belongs to user {owner}, who could read the keys in it; work as that user, "
            f"or make it yours with: chown -R {os.geteuid()} {path}"
        )
    path.chmod(0o700)
    return path


def load_or_create(folder: Path) -> tuple[Credentials, bool]:
    """The account of the server in ``folder``, and whether it was made just now."""
    path = private_folder(folder) / "credentials.json"
    if path.exists():
        return Credentials(**json.loads(path.read_text(encoding="utf-8"))), False
    first_token = secrets.token_hex(20)
    made = Credentials(EMAIL, "".join(secrets.choice(_ALPHABET) for _ in range(16)), first_token, first_token)
    save(folder, made)
    return made, True


def save(folder: Path, credentials: Credentials) -> None:
    """Replace the account's file, which only its owner may read."""
    write_private(private_folder(folder) / "credentials.json", json.dumps(asdict(credentials)))


def keep_signing_key(data: Path) -> None:
    """Give a server that begins in this folder the key with which it signs tokens.

    Label Studio would make one itself, and at its next start take one that begins with ``$`` for the name of a
    variable (django-environ): it would tell it in its log, make another, and refuse every token.
    """
    file = private_folder(data) / ".env"
    if not file.exists():
        write_private(file, f"SECRET_KEY={secrets.token_hex(32)}\n")


def write_private(path: Path, text: str) -> None:
    """Replace a file as a whole; only its owner may read it."""
    write_whole(path, text.encode(), mode=0o600)


def read_api_key(path: Path) -> str:
    """The API key in a file, for a server that is not ours.

    Raises:
        ValueError: no such file, or it is empty; the message never holds the key.
    """
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise ValueError(f"API key file {path} cannot be read: {type(problem).__name__}") from None
    if not key:
        raise ValueError(f"API key file {path} is empty; put the access token of your Label Studio account into it")
    return key

"""Who may enter: one-time links, sessions, and which tasks each person was given, in one SQLite file.

Every command reads it. Nothing in it opens anything: links, cookies and keys are kept as digests.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from verification_ui.server.credentials import private_folder
from verification_ui.server.loopback import own_host

DEFAULT_PORT = 8181
LINK_HOURS = 24.0
SESSION_DAYS = 14.0
_FILE = "access.sqlite3"
_WAIT_S = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS page (id INTEGER PRIMARY KEY CHECK (id = 1), host TEXT NOT NULL, port INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS links (digest TEXT PRIMARY KEY, email TEXT NOT NULL, expires_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
  digest TEXT PRIMARY KEY, key_digest TEXT NOT NULL, email TEXT NOT NULL, expires_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS given (
  email TEXT NOT NULL, project INTEGER NOT NULL, task INTEGER NOT NULL, PRIMARY KEY (email, project, task));
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Where annotators find the page; kept, so that sessions outlive a restart."""

    host: str
    port: int

    @property
    def origin(self) -> str:
        """As browsers name it."""
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has entered.

    Attributes:
        email: who.
        key_digest: of the key that the page shows beside the cookie. The cookie reaches every port of its host; the
            key lies in storage that the browser keeps for this very origin, port included.
    """

    email: str
    key_digest: str = field(repr=False)

    def has_key(self, key: str) -> bool:
        """Whether ``key`` is the one of this session."""
        return secrets.compare_digest(_digest(key), self.key_digest)


@dataclass(frozen=True, slots=True)
class SessionSecrets:
    """What a browser gets in exchange for a link. Secrets do not show in ``repr``."""

    cookie: str = field(repr=False)
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """The access file of one run.

    Attributes:
        folder: the private folder of the run's review.
        clock: seconds since 1970.
    """

    folder: Path
    clock: Callable[[], float] = time.time

    def page(self, host: str | None = None, port: int | None = None) -> Page:
        """The page's address: as asked, else as it was the last time, else a new one."""
        with self._open() as file:
            old = file.execute("SELECT host, port FROM page").fetchone() or (None, DEFAULT_PORT)
            page = Page(host or old[0] or own_host(), old[1] if port is None else port)
            file.execute("INSERT OR REPLACE INTO page VALUES (1, ?, ?)", (page.host, page.port))
        return page

    def last_page(self) -> Page | None:
        """Where the page was the last time; None where it never was."""
        if not (self.folder / _FILE).is_file():
            return None
        with self._open() as file:
            found = file.execute("SELECT host, port FROM page").fetchone()
        return Page(*found) if found else None

    def move(self, page: Page) -> None:
        """Note where the page is now."""
        with self._open() as file:
            file.execute("INSERT OR REPLACE INTO page VALUES (1, ?, ?)", (page.host, page.port))

    def make_link(self, email: str, hours: float = LINK_HOURS) -> str:
        """The secret of a new link for ``email``, good once and for so many hours."""
        token = secrets.token_urlsafe(32)
        with self._open() as file:
            file.execute("DELETE FROM links WHERE expires_at < ?", (self.clock(),))
            file.execute("INSERT INTO links VALUES (?, ?, ?)", (_digest(token), email, self.clock() + 3600.0 * hours))
        return token

    def redeem(self, email: str, token: str) -> SessionSecrets | None:
        """Exchange a link for a session; None when it is unknown, used, expired, or somebody else's."""
        made = SessionSecrets(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        with self._open() as file:
            asked = (_digest(token), email, self.clock())
            if not file.execute("DELETE FROM links WHERE digest = ? AND email = ? AND expires_at >= ?", asked).rowcount:
                return None
            file.execute("DELETE FROM sessions WHERE expires_at < ?", (self.clock(),))
            file.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?)",
                (_digest(made.cookie), _digest(made.key), email, self.clock() + 86400.0 * SESSION_DAYS),
            )
        return made

    def session(self, cookie: str) -> Session | None:
        """Who has this cookie."""
        with self._open() as file:
            asked = (_digest(cookie), self.clock())
            found = file.execute(
                "SELECT email, key_digest FROM sessions WHERE digest = ? AND expires_at >= ?", asked
            ).fetchone()
        return Session(*found) if found else None

    def end(self, cookie: str) -> None:
        """End one session."""
        with self._open() as file:
            file.execute("DELETE FROM sessions WHERE digest = ?", (_digest(cookie),))

    def lock_out(self, email: str) -> None:
        """End all sessions and links of somebody."""
        with self._open() as file:
            file.execute("DELETE FROM sessions WHERE email = ?", (email,))
            file.execute("DELETE FROM links WHERE email = ?", (email,))

    def give(self, email: str, project: int, task: int) -> None:
        """Note that somebody was asked this task."""
        with self._open() as file:
            file.execute("INSERT OR IGNORE INTO given VALUES (?, ?, ?)", (email, project, task))

    def was_given(self, email: str, project: int, task: int) -> bool:
        """Whether somebody was asked this task."""
        with self._open() as file:
            asked = (email, project, task)
            found = file.execute("SELECT 1 FROM given WHERE email = ? AND project = ? AND task = ?", asked).fetchone()
        return found is not None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        path = self.folder / _FILE
        if not path.exists():
            private_folder(self.folder)
            path.touch(mode=0o600)
        with closing(sqlite3.connect(path, timeout=_WAIT_S)) as file, file:
            file.executescript(_SCHEMA)
            yield file


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

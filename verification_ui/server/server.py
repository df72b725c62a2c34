"""A private Label Studio on loopback: started for one run, ended with the command that started it."""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

import httpx
import psutil
from filelock import FileLock, Timeout

from schemas.whole_files import write_whole
from verification_ui.queue.tokens import accepts, is_personal, make_personal
from verification_ui.server.accounts import set_password
from verification_ui.server.credentials import Credentials, keep_signing_key, load_or_create, private_folder, save
from verification_ui.server.loopback import PLAIN, NoFreePort, choose_port, own_host
from verification_ui.server.running import ADDRESS, RunningServer

START_TIMEOUT_S = 300.0
_STOP_TIMEOUT_S = 10.0
_N_PORTS = 5
_PORT_TAKEN = "That port is already in use"
_KEYMAP = {
    "annotation:submit": {"key": "enter"},
    "region:cycle": {"key": "space"},
    "region:delete": {"key": None},
    "region:focus": {"key": "alt+f"},
    "region:unselect": {"key": None},
}
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_PR_SET_PDEATHSIG = 1


class ServerProblem(Exception):
    """The local server cannot be started or reached; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        url: its address.
        credentials: its account.
        is_new: the account was made just now.
        process: the process, None when another command has started it.
    """

    url: str
    credentials: Credentials
    is_new: bool
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)


def find_executable() -> Path:
    """Label Studio's command, in an environment of its own.

    Raises:
        ServerProblem: it is not installed; the message says which command brings it.
    """
    named = os.environ.get("POINTVOS_LABEL_STUDIO")
    beside = Path(__file__).resolve().parents[2]
    path = Path(named).absolute() if named else beside / ".venv-review" / "bin" / "label-studio"
    if path.is_file():
        return path
    raise ServerProblem(
        f"Label Studio is not installed at {path}; install it with: make review-setup (in {beside}), or name the "
        "command of another environment in POINTVOS_LABEL_STUDIO"
    )


def template_file(executable: Path) -> Path:
    """Where an empty database for this Label Studio lies, when the set-up has made one."""
    return executable.resolve().parent.parent / "pointvos-empty.sqlite3"


def environment(folder: Path, media: Path, credentials: Credentials, host: str = PLAIN) -> dict[str, str]:
    """The server's whole environment: nothing of the user's but paths and language, all files below ``folder``."""
    home = str(folder / "home")
    return {
        **{name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "XDG_CACHE_HOME": home,
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"),
        "LABEL_STUDIO_USERNAME": credentials.email,
        "LABEL_STUDIO_PASSWORD": secrets.token_hex(16),  # until the account has its own; /proc shows this one
        "LABEL_STUDIO_USER_TOKEN": credentials.first_token or credentials.token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_SENTRY_DSN": "", "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
        "LABEL_STUDIO_ALLOWED_HOSTS": host,
        "LABEL_STUDIO_CORS_ALLOW_ALL_ORIGINS": "false",
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(media),
        "LABEL_STUDIO_AZURE_MOUNT_FIX": "true",  # SQLite in WAL mode
        "LABEL_STUDIO_EDITOR_KEYMAP": json.dumps(_KEYMAP),
        "GIT_DIR": os.devnull,  # else its version page tells of the repository around the run
        "fflag_feat_utc_210_prediction_validation_15082025": "true",  # refuse bad predictions
    }  # fmt: skip


def refuse_links(media: Path) -> None:
    """Make sure that nothing below the media folder leads out of it: the server would follow it.

    Raises:
        ServerProblem: there is a symbolic link; the message names it.
    """
    link = next((path for path in media.rglob("*") if path.is_symlink()), None)
    if link is not None:
        raise ServerProblem(f"{link} is a symbolic link, which could show other files to annotators; remove it")


def running_server(folder: Path) -> Server | None:
    """The server of this run that another command has started, None when there is none."""
    presence = RunningServer.read(folder)
    if presence is None:
        return None
    credentials, is_new = load_or_create(folder)
    return Server(presence.url, credentials, is_new) if accepts(presence.url, credentials.token) else None


@contextmanager
def started(
    folder: Path, media: Path, port: int = 0, say: Callable[[str], None] = lambda _: None, host: str | None = None
) -> Iterator[Server]:
    """Run the server while the block runs; Ctrl-C, SIGTERM and SIGHUP end it cleanly, and it dies with this process.

    Whoever is on this machine can reach its port, and gets nothing without the operator's token. People work at the
    gate in front of it (:mod:`verification_ui.gate`).

    Args:
        folder: private folder for the server's data, secrets and log.
        media: the only folder that it serves pictures from.
        port: the port to prefer, 0 for any.
        say: told what happens, one sentence at a time.
        host: the loopback address to listen on, None for a random one.

    Raises:
        ServerProblem: not installed, already running, a link in the media folder, or it did not come up in time.
    """
    executable = find_executable()
    folder, media = folder.absolute(), media.absolute()  # the server itself works in ``folder``
    refuse_links(media)
    credentials, is_new = load_or_create(folder)
    private_folder(folder / "home")
    with _only_one(folder), signals_as_exit():
        keep_signing_key(folder / "data")
        _begin_with_template(executable, folder / "data" / "label_studio.sqlite3")
        process, url = _up(_Start(executable, folder, media, host or own_host(), credentials), port, say)
        try:
            credentials = _with_own_secrets(folder, url, credentials)
            RunningServer.begin(folder, url, process.pid)
            yield Server(url, credentials, is_new, process)
        finally:
            (folder / ADDRESS).unlink(missing_ok=True)
            _stop(process)


def _begin_with_template(executable: Path, database: Path) -> None:
    template = template_file(executable)
    if template.exists() and not database.exists():
        write_whole(database, template.read_bytes(), mode=0o600)


@dataclass(frozen=True, slots=True)
class _Start:
    """Everything that a start needs but the port."""

    executable: Path
    folder: Path
    media: Path
    host: str
    credentials: Credentials

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def spawn(self, port: int) -> subprocess.Popen[bytes]:
        libc = ctypes.CDLL(None) if sys.platform == "linux" else None

        def die_with_parent() -> None:
            if libc is not None:
                libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            return subprocess.Popen(
                [self.executable, "start", "--no-browser", "--internal-host", self.host, "--port", str(port)],
                env=environment(self.folder, self.media, self.credentials, self.host),
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, umask=0o077, preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call
            )  # fmt: skip
        finally:
            os.close(log)


def _up(start: _Start, port: int, say: Callable[[str], None]) -> tuple[subprocess.Popen[bytes], str]:
    """The process and its address, once it answers; another port is tried when somebody takes the one just chosen."""
    for preferred in (port, *[0] * (_N_PORTS - 1)):
        try:
            chosen = choose_port(preferred, start.host)
        except NoFreePort as problem:
            raise ServerProblem(str(problem)) from None
        if port not in (0, chosen):
            say(f"Port {port} is busy; using {chosen}.")
        url = f"http://{start.host}:{chosen}"
        process = start.spawn(chosen)
        with suppress(_PortTaken):
            try:
                _wait_until_up(process, url, chosen, start.credentials, start.log)
            except BaseException:
                _stop(process)
                raise
            return process, url
    raise ServerProblem(f"{_N_PORTS} ports on {start.host} were free and then taken by others; try again")


class _PortTaken(Exception):
    """Between our look and the server's start somebody else took the port."""


def _wait_until_up(process: subprocess.Popen[bytes], url: str, port: int, credentials: Credentials, log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            if _PORT_TAKEN in log.read_text(encoding="utf-8", errors="replace"):
                raise _PortTaken
            raise ServerProblem(f"Label Studio ended with exit code {process.returncode}; its log is {log}")
        if accepts(url, credentials.token) or accepts(url, credentials.first_token):
            return
        if _listens_elsewhere(process.pid, port):
            raise _PortTaken
        time.sleep(0.3)
    raise ServerProblem(f"Label Studio did not answer within {START_TIMEOUT_S:.0f} s; its log is {log}")


def _listens_elsewhere(pid: int, port: int) -> bool:
    """Label Studio moves on silently from a port that is taken when it looks."""
    try:
        sockets = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    ports = {found.laddr.port for found in sockets if found.status == psutil.CONN_LISTEN}
    return bool(ports) and port not in ports


def _with_own_secrets(folder: Path, url: str, credentials: Credentials) -> Credentials:
    """The account with its own secrets, made when there are none or when the server has lost its database.

    What the server was started with, and keeps in its environment, is of no use from then on.
    """
    if is_personal(credentials.token) and accepts(url, credentials.token):
        return credentials
    try:
        made = replace(credentials, token=make_personal(url, credentials.first_token or credentials.token))
    except httpx.HTTPError as problem:
        raise ServerProblem(f"Label Studio does not accept the account of {folder}: {problem}") from None
    set_password(folder, made.email, made.password)
    save(folder, made)
    return made


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process group that we started, gently first."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_TIMEOUT_S)
            return


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / "server.lock", mode=0o600)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise ServerProblem(f"another pointvos command runs the review server of {folder.parent}") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def signals_as_exit() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that the server is ended on the way out.

    SIGINT ends it too where it was ignored, as it is for what a script starts in the background.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def exit_now(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    wanted = {signal.SIGTERM: exit_now, signal.SIGHUP: exit_now, signal.SIGINT: signal.default_int_handler}
    old = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)

"""Addresses on this machine: one of its own for each server, so that no other server shares its cookies."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from contextlib import suppress

PLAIN = "127.0.0.1"


class NoFreePort(Exception):
    """Every port that was tried is in use."""


def is_loopback(host: str | None) -> bool:
    """Whether ``host`` can only be this machine.

    >>> is_loopback("127.83.12.7"), is_loopback("localhost"), is_loopback("::1"), is_loopback("label.example.org")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def require_loopback(host: str) -> None:
    """Raise ValueError when ``host`` is not an address of this machine alone, by its number."""
    if host == "localhost" or not is_loopback(host) or ":" in host:
        raise ValueError(f"--host {host!r} is not a loopback address like 127.0.0.1; the page is for this machine only")


def own_host() -> str:
    """A random 127.x.y.z; 127.0.0.1 where the system has only that one (macOS).

    Browsers send a cookie to every port of its host. A server with an address of its own shares its cookies with no
    other server of the machine.
    """
    made = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}.{secrets.randbelow(254) + 1}"
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((made, 0))
        return made
    return PLAIN


def choose_port(preferred: int, host: str = PLAIN) -> int:
    """``preferred`` when it is free, else any free port.

    Raises:
        NoFreePort: there is none.
    """
    for port in (preferred, 0):
        with suppress(OSError), listening(host, port) as probe:
            return int(probe.getsockname()[1])
    raise NoFreePort(f"no free port on {host}")


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to an address, not yet accepting.

    Raises:
        OSError: the port is in use.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except BaseException:
        made.close()
        raise
    return made

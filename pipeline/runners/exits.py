"""How a worker process ends, and how it says why."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

_FROM_OUTSIDE = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""Somebody sent them; the log says nothing of it."""


def exit_now(status: int) -> NoReturn:
    """End this process without taking torch and Beam apart, which would take a second: all is written."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def describe(returncode: int) -> str:
    """An exit status in words.

    >>> describe(-9), describe(1)
    ('killed by SIGKILL', 'exit code 1')
    """
    return f"killed by {signal.Signals(-returncode).name}" if returncode < 0 else f"exit code {returncode}"


def explain(returncode: int) -> str:
    """An exit status of a worker in the middle of its work, and what to look at.

    >>> explain(-9), explain(1)
    ('killed by SIGKILL; out of memory is the usual cause', 'exit code 1; see logs/workers.log in the run folder')
    >>> explain(-11)
    'killed by SIGSEGV; see logs/workers.log in the run folder'
    >>> explain(-15)
    'killed by SIGTERM'
    """
    if -returncode in _FROM_OUTSIDE:
        return describe(returncode)
    is_killed = returncode == -signal.SIGKILL
    hint = "out of memory is the usual cause" if is_killed else "see logs/workers.log in the run folder"
    return f"{describe(returncode)}; {hint}"

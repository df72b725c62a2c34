"""How a worker process says why it ended."""

from __future__ import annotations

import os
import signal

FULL = os.EX_IOERR
"""Exit code of a worker that found the run folder full."""


def describe(returncode: int) -> str:
    """An exit status in words.

    >>> describe(-9), describe(1)
    ('killed by SIGKILL', 'exit code 1')
    """
    return f"killed by {signal.Signals(-returncode).name}" if returncode < 0 else f"exit code {returncode}"

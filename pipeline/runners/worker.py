"""One worker process: takes jobs from its command until there are none, and ends with it.

Started by :mod:`pipeline.runners.spawning` as ``python -m pipeline.runners.worker DESCRIPTOR PARENT``. A worker never
outlives its command: the kernel kills it (Linux), and the pipe between them tells it. Both are set up before anything
heavy is imported, and the lock of the run folder, which it is given, keeps other commands out until it is gone.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import os
import signal
import sys

from pipeline.runners.spawning import take_lock_and_log
from pipeline.runners.worker_connection import ORPHANED, WorkerConnection

NO_SPACE = os.EX_IOERR
"""Exit code of a worker that cannot write its results."""
_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent does (Linux prctl(2)); the parent answers Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # blocked since it was started
    library = ctypes.CDLL(None)
    if hasattr(library, "prctl"):
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(ORPHANED)


def main(descriptor: int, parent: int) -> int:
    """Work until there is no job left; returns the exit code."""
    end_with_parent(parent)
    faulthandler.enable()  # a crash in a decoder or a model leaves its place in the log
    connection = WorkerConnection(descriptor, take_lock_and_log)
    gc.disable()  # until all is loaded: modules are no garbage, and to look for it takes half a second
    from pipeline.runners.local import work

    return 0 if work(connection) else NO_SPACE


if __name__ == "__main__":
    status = main(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # all is written, and to take torch and Beam apart first would take a second

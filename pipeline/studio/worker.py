"""The studio's worker process: makes masks while the page stays quick. It ends with its command, whatever happens.

Started by :mod:`pipeline.studio.worker_process` as ``python -m pipeline.studio.worker DESCRIPTOR PARENT``.
"""

from __future__ import annotations

import os
import sys

from pipeline.runners.worker import end_with_parent
from pipeline.runners.worker_connection import WorkerConnection


def main(descriptor: int, parent: int) -> None:
    """Do tasks until the command ends."""
    end_with_parent(parent)
    connection = WorkerConnection(descriptor)
    from pipeline.studio.worker_loop import work

    work(connection)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
    os._exit(0)

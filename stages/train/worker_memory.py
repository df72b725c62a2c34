"""Memory of the processes that load clips."""

from __future__ import annotations

from functools import cache

import numpy as np
from torch.utils.data import get_worker_info

_KEPT_BYTES = 24 << 20
"""glibc adapts to blocks of up to 32 MiB."""


def keep_freed_memory_in_workers() -> None:
    """:func:`keep_freed_memory` in a worker of a ``DataLoader``; any other process is left as it is."""
    if get_worker_info() is not None:
        keep_freed_memory()


@cache
def keep_freed_memory() -> None:
    """Let the C library keep memory that frames have used for the frames that follow.

    glibc returns what is free beyond twice the size of the largest mapped block that was freed, so a process that
    decodes frames of a megabyte or two returns their memory and gets it again each time: half of the time of a 480p
    JPEG. Freeing one larger block raises that limit. Other allocators are left as they are.
    """
    np.empty(_KEPT_BYTES, dtype=np.uint8)

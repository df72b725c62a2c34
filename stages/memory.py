"""What the C library does with freed memory in a worker."""

from __future__ import annotations

import ctypes

import psutil

_LARGE_BYTES = 1 << 30


def release_memory_when_large() -> None:
    """:func:`release_free_memory` where a process is large; a smaller one soon uses again what is free.

    To get it back from the kernel takes a tenth of a second a video.
    """
    if psutil.Process().memory_info().rss > _LARGE_BYTES:
        release_free_memory()


def release_free_memory() -> None:
    """Give what is free to the kernel, so that one step's leftovers do not add to the next one's (malloc_trim(3))."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)

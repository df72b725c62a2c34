"""Import this before torch, and torch does without what it would look up meanwhile and nothing here uses.

It imports CUDA's Python bindings where they are installed, which takes every worker a tenth of a second, and uses them
for green contexts, graph annotations and a profiler alone; models run on CUDA without them. And it reads the sources
around each of its operators to learn the line where it stands, which is known without; that takes nearly as long.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from stages.blocked_imports import blocking_imports


@contextmanager
def _reading_no_sources() -> Iterator[None]:
    with_lines = inspect.getframeinfo
    inspect.getframeinfo = partial(with_lines, context=0)
    try:
        yield
    finally:
        inspect.getframeinfo = with_lines


with blocking_imports("cuda.bindings"), _reading_no_sources():
    import torch  # noqa: F401

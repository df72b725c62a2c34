"""Import this before Beam, and a worker does without pandas until a model asks for it.

Beam and pyarrow import pandas where it is installed (label-studio-sdk brings it) and do without where it is not; what
they use it for is not used here, and it takes every worker 40 MB and a third of a second.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NoPandas(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("not now", name=fullname)
        return None


@contextmanager
def _without_pandas() -> Iterator[None]:
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


logging.disable(logging.WARNING)  # Beam misses the libraries of a cloud that nobody asked for
with _without_pandas():
    import apache_beam  # noqa: F401
    import pyarrow

    pyarrow.array([0])  # it looks for pandas once, and remembers that there was none
logging.disable(logging.NOTSET)

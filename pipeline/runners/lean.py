"""Import this before Beam, and a worker does without packages that Beam would import and nothing here uses.

Beam and pyarrow import pandas where it is installed (label-studio-sdk brings it) and do without where it is not, and it
takes every worker 40 MB and a third of a second. So it is with MongoDB, BigQuery and S3, a tenth of a second each.
Whoever needs one of them imports it afterwards; for S3 that is :mod:`pipeline.runs.stores`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_DONE_WITHOUT = frozenset({"pandas", "pymongo", "apache_beam.io.gcp.bigquery", "apache_beam.io.aws.s3filesystem"})


class _Nothing(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in _DONE_WITHOUT:
            raise ModuleNotFoundError("not now", name=fullname)
        return None


@contextmanager
def _without_extras() -> Iterator[None]:
    finder = _Nothing()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


logging.disable(logging.WARNING)  # Beam misses the libraries of a cloud that nobody asked for
with _without_extras():
    import apache_beam  # noqa: F401
    import pyarrow

    pyarrow.array([0])  # it looks for pandas once, and remembers that there was none
logging.disable(logging.NOTSET)

"""Import this before Beam, and a worker does without pandas.

Beam and pyarrow import pandas where it is installed (label-studio-sdk brings it) and do without where it is not; what
they use it for is not used here, and it takes every worker memory and time.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NoPandas(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("workers do without pandas", name=fullname)
        return None


sys.meta_path.insert(0, _NoPandas())

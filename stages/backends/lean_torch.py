"""Import this before torch, and torch does without CUDA's Python bindings.

It would import them, where they are installed, for kernels that are compiled from Python, and nothing here compiles
any: a sixth of a second of every worker. Whoever needs them imports them afterwards.
"""

from __future__ import annotations

from stages.blocked_imports import blocking_imports

with blocking_imports("cuda.bindings"):
    import torch  # noqa: F401

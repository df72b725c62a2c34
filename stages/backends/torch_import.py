"""Import this before torch, and torch does without CUDA's Python bindings.

It imports them where they are installed, which takes every worker a tenth of a second, and uses them for green
contexts, graph annotations and a profiler alone, none of which is needed here; models run on CUDA without them.
"""

from __future__ import annotations

from stages.blocked_imports import blocking_imports

with blocking_imports("cuda.bindings"):
    import torch  # noqa: F401

"""The arithmetic that results depend on, the same on whatever machine this is; shared ground."""

from __future__ import annotations

import os
import sys


def use_one_thread_an_operation() -> None:
    """Fix the arithmetic: an operation split over threads can round differently with another number of threads."""
    import cv2

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    cv2.setNumThreads(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)

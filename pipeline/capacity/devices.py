"""Whether the device that was asked for is on this machine; asked before anything starts, without loading a model."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pipeline.terminal.console import UsageProblem

_DRIVER_FILES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""One of them is there when a driver for NVIDIA GPUs is: of Linux itself, or of Windows around it."""
_CPU_INFO, _BFLOAT16_FLAGS = Path("/proc/cpuinfo"), frozenset({"avx512_bf16", "amx_tile"})
"""Where Linux lists what the CPU can do, and the words for fast bfloat16."""
_PRECISION = "POINTVOS_PRECISION"
"""As in :mod:`stages.backends.devices`, which loads torch."""


def require_device(name: str) -> None:
    """Make sure that models can run on ``auto``, ``cpu``, ``cuda`` or ``cuda:<n>`` here.

    Raises:
        UsageProblem: that GPU is not there; the message says why and what to do.
    """
    if not name.startswith("cuda"):
        return
    advice = "use --device cpu, or --device auto, which uses a GPU if there is one"
    if not may_have_gpu():
        raise UsageProblem(f"--device {name}: no CUDA device is visible here ({why_no_gpu()}); {advice}")
    from stages.backends.devices import pick_device

    try:
        pick_device(name)
    except ValueError as problem:
        raise UsageProblem(f"--device {name}: {problem}; {advice}") from None


def may_have_gpu() -> bool:
    """Whether looking for a GPU with torch, which takes seconds to load, is worth while."""
    return not _all_hidden() and any(file.exists() for file in _DRIVER_FILES)


def has_bfloat16() -> bool:
    """Whether the CPU has the instructions with which the embedded models are fast, and is to use them.

    As :func:`stages.backends.devices.fast_precision` finds it with torch, which takes a second to load.
    """
    if os.environ.get(_PRECISION) == "float32":
        return False
    with suppress(OSError):
        return any(word in _BFLOAT16_FLAGS for word in _CPU_INFO.read_text(encoding="ascii", errors="replace").split())
    return False


def _all_hidden() -> bool:
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")


def why_no_gpu() -> str:
    """Why :func:`may_have_gpu` says no."""
    if _all_hidden():
        return f"CUDA_VISIBLE_DEVICES={os.environ['CUDA_VISIBLE_DEVICES']!r} hides all of them"
    return "no NVIDIA driver is loaded"

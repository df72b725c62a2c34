"""Which device a model runs on."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PRECISION = "POINTVOS_PRECISION"
"""Environment variable: ``float32`` computes as on a processor without fast bfloat16 and int8."""
_PRECISIONS = ("auto", "float32")


def pick_device(name: str = "auto") -> torch.device:
    """The device called ``name``.

    Args:
        name: ``auto`` (the first GPU when there is one, else the CPU), ``cpu``, ``cuda`` or ``cuda:<n>``.

    Raises:
        ValueError: the name is unknown, or names a GPU that is not there.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in {"cpu", "cuda"} or (index and not (kind == "cuda" and index.isdecimal())):
        raise ValueError(f"unknown device {name!r}; known: auto, cpu, cuda, cuda:<n>")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device {name!r} is not there; {_available_devices()}")
    return torch.device(name)


def is_surely_cpu(name: str) -> bool:
    """Whether :func:`pick_device` gives the CPU; False where that cannot be told without starting a GPU's driver.

    >>> is_surely_cpu("cpu"), is_surely_cpu("cuda")
    (True, False)
    """
    if name != "auto" or torch.version.hip:
        return name == "cpu"
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return True
    return torch.version.cuda is None


def to_device(values: NDArray[Any], device: torch.device) -> Tensor:
    """An array on a device; a GPU copies it from pinned memory while the caller goes on."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def to_host(maps: Tensor, facts: Tensor) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two tensors of one device as arrays; a GPU sends the first through pinned memory, and is waited for once."""
    if not maps.is_cuda:
        return maps.numpy(), facts.numpy()
    copy = torch.empty(maps.shape, dtype=maps.dtype).pin_memory()
    copy.copy_(maps, non_blocking=True)
    return copy.numpy(), facts.cpu().numpy()  # the second copy waits for all that was asked for before


@dataclass
class _CudnnSwitch:
    """cuDNN is on or off for the whole process, so threads share one switch: it is off while any of them wants that."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    n_wanting: int = 0
    was_on: bool = True

    def disable(self) -> None:
        with self.lock:
            if not self.n_wanting:
                self.was_on, torch.backends.cudnn.enabled = torch.backends.cudnn.enabled, False
            self.n_wanting += 1

    def restore(self) -> None:
        with self.lock:
            self.n_wanting -= 1
            if not self.n_wanting:
                torch.backends.cudnn.enabled = self.was_on


_cudnn = _CudnnSwitch()


@contextmanager
def without_cudnn(device: torch.device) -> Iterator[None]:
    """Compute without cuDNN while the block runs, for convolutions of ever new sizes; on a CPU nothing changes.

    cuDNN prepares each layer for every new size: with torch 2.11 on an H200, an answer about a crop of a new size takes
    2 s with cuDNN and 0.03 s without, and of a known size 0.02 s with either.
    """
    if device.type != "cuda":
        yield
        return
    _cudnn.disable()
    try:
        yield
    finally:
        _cudnn.restore()


def wants_exact_arithmetic() -> bool:
    """Whether the environment asks for float32 everywhere, so that all processors of a cluster answer nearly alike.

    Raises:
        ValueError: ``POINTVOS_PRECISION`` holds something unknown.
    """
    choice = os.environ.get(PRECISION, "") or "auto"
    if choice not in _PRECISIONS:
        raise ValueError(f"unknown {PRECISION} {choice!r}; known: {', '.join(_PRECISIONS)}")
    return choice == "float32"


def _available_devices() -> str:
    if torch.version.cuda is None:
        return f"torch {torch.__version__} was built without CUDA"
    names = [f"cuda:{n}" for n in range(torch.cuda.device_count())]
    return f"torch {torch.__version__} finds {', '.join(names) or 'no GPU'}"


def fast_precision(device: torch.device) -> torch.dtype:
    """The type that networks compute in on a device: bfloat16 where it has instructions for it, else float32.

    Results differ a little between the two, so between kinds of processors too; on one machine they are the same.

    Raises:
        ValueError: ``POINTVOS_PRECISION`` holds something unknown.
    """
    if wants_exact_arithmetic():
        return torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    found = (getattr(torch.cpu, probe, None) for probe in probes)
    return torch.bfloat16 if any(probe is not None and probe() for probe in found) else torch.float32

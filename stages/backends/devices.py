"""Which device a model runs on."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
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
        raise ValueError(f"device {name!r} is not there; {_what_is_there()}")
    return torch.device(name)


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


def for_changing_sizes(device: torch.device) -> AbstractContextManager[None]:
    """A block in which convolutions of maps of ever new sizes are asked for, as of crops of a frame.

    On a GPU it does without cuDNN, which prepares each layer for every new size: with torch 2.11 on an H200, an answer
    about a crop of a new size takes 2 s with cuDNN and 0.03 s without, and of a known size 0.02 s with either.
    """
    return torch.backends.cudnn.flags(enabled=False) if device.type == "cuda" else nullcontext()


def exact_is_wanted() -> bool:
    """Whether the environment asks for float32 everywhere, so that all processors of a cluster answer nearly alike.

    Raises:
        ValueError: ``POINTVOS_PRECISION`` holds something unknown.
    """
    choice = os.environ.get(PRECISION, "") or "auto"
    if choice not in _PRECISIONS:
        raise ValueError(f"unknown {PRECISION} {choice!r}; known: {', '.join(_PRECISIONS)}")
    return choice == "float32"


def _what_is_there() -> str:
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
    if exact_is_wanted():
        return torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    found = (getattr(torch.cpu, probe, None) for probe in probes)
    return torch.bfloat16 if any(probe is not None and probe() for probe in found) else torch.float32

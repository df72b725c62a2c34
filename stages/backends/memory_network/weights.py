"""Files of trained memory networks."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from stages.backends.devices import pick_device
from stages.backends.embedded.features.backbone import load_backbone
from stages.backends.memory_network.network import MemoryNetwork, Sizes
from stages.backends.memory_network.propagator import MemoryPropagator
from stages.backends.tensor_files import read_tensors

KIND = "pointvos memory network 2"
"""In every file, so that it is told from other weights."""


def to_bytes(network: MemoryNetwork, training: Mapping[str, Any]) -> bytes:
    """A file of weights in half precision.

    Args:
        network: trained.
        training: what it was trained with, for whoever asks: plain values only.
    """
    state = {name: value.detach().cpu().half().contiguous() for name, value in network.state_dict().items()}
    buffer = io.BytesIO()
    torch.save({"kind": KIND, "sizes": asdict(network.sizes), "training": dict(training), "state": state}, buffer)
    return buffer.getvalue()


def is_memory_network(path: Path) -> bool:
    """Whether a file holds a memory network, rather than other weights or none."""
    try:
        found = read_tensors(path)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("kind") == KIND


def read_network(path: Path) -> tuple[MemoryNetwork, dict[str, Any]]:
    """A network, ready to use, and what it was trained with; no code in the file is run.

    Raises:
        ValueError: the file is missing, damaged or of another kind.
    """
    try:
        found = read_tensors(path)
        if found["kind"] != KIND:
            raise ValueError(f"its kind is {found['kind']!r}")
        network = MemoryNetwork(Sizes(**found["sizes"]))
        network.load_state_dict({name: value.float() for name, value in found["state"].items()})
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as problem:
        reason = str(problem).partition("\n")[0]
        raise ValueError(
            f"{path} holds no memory network ({reason}); make one with: pointvos train propagator"
        ) from None
    return network.eval().requires_grad_(False), dict(found["training"])


def load_memory_propagator(name: str, path: Path, device: str) -> MemoryPropagator:
    """The propagator of a file of weights.

    Raises:
        ValueError: the file is damaged, or there is no such device.
    """
    network, _ = read_network(path)
    return MemoryPropagator(name, load_backbone(device), network.to(pick_device(device)))

"""A memory network as it is before it has learned anything, which can follow an object already."""

from __future__ import annotations

from pathlib import Path

import torch

from stages.backends.memory_network.network import MemoryNetwork
from stages.backends.memory_network.weights import to_bytes


def write_first_weights(path: Path) -> Path:
    """Write its weights; returns the path."""
    torch.manual_seed(0)
    path.write_bytes(to_bytes(MemoryNetwork(), {}))
    return path

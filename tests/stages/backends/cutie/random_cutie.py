"""Cutie with random weights."""

from pathlib import Path

import torch

from stages.backends.cutie.network import build_network, make_config


def write_random_weights(path: Path, variant: str) -> Path:
    """Weights of the true architecture; the last normalisation of every block is damped, or deep layers overflow."""
    torch.manual_seed(11)
    state = build_network(make_config(variant)).state_dict()
    for key, value in state.items():
        if key.endswith(("bn2.weight", "bn3.weight")):
            value.fill_(0.1)
    torch.save(state, path)
    return path

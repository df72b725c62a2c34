"""Train the combiner that weighs cues: ``python -m stages.backends.embedded.training.combiner --out combiner.npz``.

The same seed and number of images give the same weights on one machine.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from stages.backends.embedded.features.backbone import load_backbone
from stages.backends.embedded.training.examples import Example, make_examples
from stages.backends.embedded.training.outlines import load_outlined
from stages.backends.embedded.training.scenes import make_scene

Array = NDArray[Any]
HIDDEN = 28
MEMBERS = 2
STEPS = 400
BATCH = 4096
PEAK_RATE = 4e-3
WEIGHT_DECAY = 0.02
CUE_NOISE = 0.1
BACKGROUND_WEIGHT = 2.0
HELD_OUT = 5
"""Every fifth scene is kept for the metrics."""


def train_combiner(out: Path, seed: int = 0, n_images: int = 200) -> dict[str, float]:
    """Make scenes, train one network a kind, write their weights.

    Args:
        out: the ``.npz`` file to write.
        seed: of scenes, prompts, first weights and batches.
        n_images: number of scenes, at least 5.

    Returns:
        By kind, mean J over cells on the scenes that were kept out of training.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    train, held_out = _examples(seed, n_images)
    arrays: dict[str, Array] = {}
    metrics = {}
    for kind, examples in train.items():
        cues = torch.cat([torch.from_numpy(e.cues).flatten(0, 1) for e in examples])
        mean, scale = cues.mean(dim=0), cues.std(dim=0) + 1e-3
        truth, weights = torch.cat([_truth(e) for e in examples]), torch.cat([_weights(e) for e in examples])
        members = [_fit((cues - mean) / scale, truth, weights, seed * MEMBERS + m) for m in range(MEMBERS)]
        arrays |= {f"{kind}.mean": mean.numpy(), f"{kind}.scale": scale.numpy()}
        for index, member in enumerate(members):
            arrays |= _layers(f"{kind}.{index}", member)
        metrics[kind] = float(np.mean([_cell_iou(members, mean, scale, e) for e in held_out[kind]]))
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(out, allow_pickle=False, **arrays)
    return metrics


def _examples(seed: int, n_images: int) -> tuple[dict[str, list[Example]], dict[str, list[Example]]]:
    outlined, backbone = load_outlined(), load_backbone("cpu")
    train: dict[str, list[Example]] = defaultdict(list)
    held_out: dict[str, list[Example]] = defaultdict(list)
    for index in range(n_images):
        scene = make_scene(outlined, np.random.default_rng([seed, index]))
        for example in make_examples(backbone, scene, seed * n_images + index):
            (held_out if index % HELD_OUT == HELD_OUT - 1 else train)[example.kind].append(example)
    return train, held_out


def _fit(cues: Tensor, truth: Tensor, weights: Tensor, seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Linear(cues.shape[1], HIDDEN), nn.GELU(), nn.Linear(HIDDEN, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, 1)
    )
    optimiser = torch.optim.AdamW(network.parameters(), PEAK_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=STEPS)
    for _ in range(STEPS):
        chosen = torch.randint(len(cues), (BATCH,))
        noisy = cues[chosen] + CUE_NOISE * torch.randn(BATCH, cues.shape[1])
        losses = functional.binary_cross_entropy_with_logits(network(noisy)[:, 0], truth[chosen], weights[chosen])
        optimiser.zero_grad()
        losses.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return network


def _truth(example: Example) -> Tensor:
    return torch.from_numpy(example.truth).flatten()


def _weights(example: Example) -> Tensor:
    """Object and background of every example weigh 1 and 2, whatever their sizes; the mean weight is 1."""
    inside = (_truth(example) > 0.5).float()
    outside = 1 - inside
    weights = inside / inside.sum().clamp(min=1) + outside * (BACKGROUND_WEIGHT / outside.sum().clamp(min=1))
    return weights / weights.mean()


def _layers(prefix: str, network: nn.Sequential) -> dict[str, Array]:
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    arrays = {}
    for index, layer in enumerate(linear):
        arrays[f"{prefix}.{index}.weight"] = layer.weight.detach().numpy().T.copy()
        arrays[f"{prefix}.{index}.bias"] = layer.bias.detach().numpy()
    return arrays


@torch.no_grad()
def _cell_iou(members: Sequence[nn.Sequential], mean: Tensor, scale: Tensor, example: Example) -> float:
    cues = (torch.from_numpy(example.cues).flatten(0, 1) - mean) / scale
    found = torch.stack([member(cues)[:, 0] for member in members]).mean(dim=0) > 0
    truth = _truth(example) > 0.5
    return float((found & truth).sum() / (found | truth).sum().clamp(min=1))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=int, default=200)
    options = parser.parse_args()
    metrics = train_combiner(options.out, options.seed, options.images)
    print(*(f"{kind}: J over cells {value:.3f}" for kind, value in metrics.items()), sep="\n")  # noqa: T201


if __name__ == "__main__":
    main()

"""Train the click network: from its shipped weights or from nothing, on pictures of one's own.

One cycle of the learning rate over a given number of steps, AdamW, an average of the weights as the result. A step's
batch and random streams depend on the seed and its number alone, so that a training that was cut off and continues ends
with the same bytes on the CPU; on a GPU, whose sums have no fixed order, nearly so.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import Tensor, nn

from stages.backends.devices import fast_precision, pick_device
from stages.backends.embedded.segmenter.click_network import ClickNetwork
from stages.backends.embedded.segmenter.click_predictor import WEIGHTS, load_click_network
from stages.backends.embedded.segmenter.prompt_maps import Map
from stages.backends.embedded.training.batches import Batch, Batches
from stages.backends.embedded.training.checkpoints import TrainingFiles, in_halves
from stages.backends.embedded.training.descent import descend, move_average, rate_at
from stages.backends.embedded.training.hints import next_hints
from stages.backends.embedded.training.losses import losses
from stages.backends.embedded.training.measuring import measure
from stages.backends.embedded.training.pictures import Picture, digest_of

_ROUNDS, _ROUND_SHARES = (0, 1, 2, 3), (0.42, 0.30, 0.18, 0.10)
"""How often the network answers and gets one more click before it learns."""
_ENCODER_RATE, _WEIGHT_DECAY, _BETAS = 0.2, 0.04, (0.9, 0.99)
_AVERAGED, _LONGEST_GRADIENT = 0.998, 3.0

Tell = Callable[[int, float, float], None]
"""Told after each step: how many are done, the loss and the overlap of its batch."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What decides the result.

    Attributes:
        steps: of the optimizer.
        batch: views a step.
        side: of the views in pixels, a multiple of 32.
        rate: highest learning rate; a fifth of it for the encoder.
        seed: of everything that is drawn.
        start: what the first weights are, for the checkpoint.
        asked: held-out objects that are asked about, before and after.
        decoder_only: the encoder and what tells it the hints stay as they are, which takes half the time.
    """

    steps: int
    batch: int
    side: int
    rate: float
    seed: int
    start: str
    asked: int = 60
    decoder_only: bool = False


@dataclass(slots=True, eq=False)
class Training:
    """A training on its way.

    Attributes:
        network: that learns.
        average: of its weights over the last steps; what comes out.
        step: steps that are done.
        rows: of the log.
        before: figures of the first weights.
    """

    network: ClickNetwork
    average: ClickNetwork
    optimizer: torch.optim.Optimizer
    settings: TrainingSettings
    step: int
    rows: list[tuple[Any, ...]]
    before: dict[str, float]

    def learn(self, batch: Batch, batches: Batches) -> tuple[float, float]:
        """Do one step; its loss and overlap. A step whose gradient is not finite changes nothing."""
        device = next(self.network.parameters()).device
        torch.manual_seed(self.settings.seed * 1_000_003 + self.step)
        rng = batches.step_stream(self.step)
        pictures = batch.pictures().to(device, memory_format=torch.channels_last)
        maps = list(batch.maps)
        for _ in range(int(rng.choice(_ROUNDS, p=_ROUND_SHARES))):
            answers = self._answers(pictures, _stacked(maps, device))
            maps = [next_hints(m, v, a, rng) for m, v, a in zip(maps, batch.views, answers.numpy(), strict=True)]
        self.network.train()
        if self.settings.decoder_only:
            self.network.encoder.eval()
            self.network.prompts.eval()
        rate = rate_at(self.step / self.settings.steps, self.settings.rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        with _fast(device):
            answer = self.network(pictures, _stacked(maps, device))
        truth, known, has_mask = (values.to(device) for values in batch.truth())
        loss, overlap = losses(answer, truth, known, has_mask)
        descend(self.network, self.optimizer, loss, _LONGEST_GRADIENT)
        self.step += 1
        move_average(self.average, self.network, min(_AVERAGED, (1 + self.step) / (20 + self.step)))
        figures = float(loss.detach()), float(overlap)
        self.rows.append((self.step, f"{rate:.3e}", *(f"{figure:.4f}" for figure in figures)))
        return figures

    @torch.no_grad()
    def _answers(self, pictures: Tensor, maps: Tensor) -> Tensor:
        self.network.eval()
        with _fast(pictures.device):
            logits = self.network(pictures, maps).logits
        return torch.sigmoid(logits[:, 0].float()).cpu()

    def state(self) -> dict[str, Any]:
        """For the checkpoint; the random streams are those of the step."""
        return {
            "step": self.step, "settings": asdict(self.settings), "before": self.before,
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }  # fmt: skip


def train(
    pictures: Sequence[Picture],
    network: ClickNetwork,
    files: TrainingFiles,
    settings: TrainingSettings,
    *,
    workers: int = 1,
    checkpoint_every: int = 100,
    tell: Tell = lambda *_: None,
    announce: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, float], dict[str, float]]:
    """Train, or continue a training that was cut off.

    Args:
        pictures: to train on, and held out.
        network: the first weights, on the device to train on.
        files: where the result goes.
        settings: what decides it.
        workers: threads that prepare views; they change nothing.
        checkpoint_every: steps.
        tell: told of every step.
        announce: told before the held-out pictures are measured, which may take minutes.

    Returns:
        Figures on the held-out pictures before and after; both empty when none are held out.

    Raises:
        ValueError: there is nothing to train on, or the checkpoint is of another training.
    """
    cv2.setNumThreads(1)
    own = [picture for picture in pictures if not picture.is_held_out]
    held_out = [picture for picture in pictures if picture.is_held_out]
    if not own:
        raise ValueError("there is no picture to train on")
    batches = Batches(own, settings.batch, settings.side, settings.seed)
    digest = digest_of(pictures)
    training = _begun(network, files, settings, held_out, digest, announce)
    for batch in batches.make(training.step, settings.steps, workers):
        tell(training.step + 1, *training.learn(batch, batches))
        if training.step % checkpoint_every == 0 or training.step == settings.steps:
            files.save({**training.state(), "pictures": digest}, training.rows)
    if held_out:
        announce(f"Measuring the trained weights on {len(held_out):,} held-out pictures")
    after = measure(training.average, held_out, settings.asked)
    files.finish(in_halves(training.average))
    return training.before, after


def first_network(start: str, seed: int, device: str) -> ClickNetwork:
    """The network to begin with, on a device.

    Args:
        start: ``embedded`` for the weights of this package, ``nothing`` for random ones, or a file of weights.
        seed: of random weights.
        device: ``auto``, ``cpu`` or ``cuda[:n]``.

    Raises:
        ValueError: the file is missing or damaged, or there is no such device.
    """
    if start == "nothing":
        torch.manual_seed(seed)
        network = ClickNetwork()
    else:
        network = load_click_network(WEIGHTS if start == "embedded" else Path(start))
    return network.to(pick_device(device))


def _begun(
    network: ClickNetwork,
    files: TrainingFiles,
    settings: TrainingSettings,
    held_out: Sequence[Picture],
    digest: str,
    announce: Callable[[str], None],
) -> Training:
    """A training at its first step, or where its checkpoint stands."""
    network = network.to(memory_format=torch.channels_last).requires_grad_(not settings.decoder_only)
    network.decoder.requires_grad_(True)
    found = files.read()
    average = copy.deepcopy(network).eval().requires_grad_(False)
    training = Training(network, average, _optimizer(network), settings, 0, [], {})
    if found is None:
        if held_out:
            announce(f"Measuring the first weights on {len(held_out):,} held-out pictures")
        training.before = measure(network, held_out, settings.asked)
        return training
    if found["settings"] != asdict(settings) or found["pictures"] != digest:
        what = "settings" if found["settings"] != asdict(settings) else "pictures"
        raise ValueError(
            f"{files.checkpoint} is of a training with other {what}; use the same ones to continue it, choose another "
            "--out, or remove the file to start over"
        )
    network.load_state_dict(found["network"])
    average.load_state_dict(found["average"])
    training.optimizer.load_state_dict(found["optimizer"])
    training.step, training.before = found["step"], found["before"]
    training.rows = [tuple(row) for row in found["rows"]]
    return training


def _optimizer(network: ClickNetwork) -> torch.optim.Optimizer:
    """AdamW; no decay for biases and norms, a lower rate for the encoder."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        groups.setdefault((name.startswith("encoder."), parameter.ndim <= 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": own,
                "scale": _ENCODER_RATE if is_encoder else 1.0,
                "weight_decay": 0.0 if is_flat else _WEIGHT_DECAY,
            }
            for (is_encoder, is_flat), own in groups.items()
        ],
        lr=1e-6,
        betas=_BETAS,
    )


def _stacked(maps: Sequence[Map], device: torch.device) -> Tensor:
    stacked = torch.stack([torch.from_numpy(one) for one in maps])
    return stacked.to(device, memory_format=torch.channels_last)


def _fast(device: torch.device) -> torch.autocast:
    """bfloat16 where the device has instructions for it, else float32."""
    is_fast = device.type == "cuda" or fast_precision(device) == torch.bfloat16
    return torch.autocast(device.type, torch.bfloat16, enabled=is_fast)

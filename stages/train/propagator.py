"""Train the memory network on clips: from nothing but the frozen backbone, on points, pseudo-masks or full masks.

A clip is passed through as the propagator passes through a video: between annotated frames lie others, whose masks go
into the memory as they were found, and the loss on the annotated ones reaches back through all of them.

AdamW, one cycle of the learning rate, an average of the weights as the result. A step's clips and random streams depend
on the seed and its number alone, so a training that was cut off and continues ends with the same bytes on the CPU; on a
GPU, which computes in bfloat16 and whose sums have no fixed order, nearly so.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import default_collate

from stages.backends.embedded.training.checkpoints import TrainingFiles
from stages.backends.embedded.training.descent import descend, move_average, rate_at
from stages.backends.memory_network.network import MemoryNetwork, aggregated
from stages.backends.memory_network.weights import to_bytes
from stages.train.clip_pass import Clips, clip_loss, follow
from stages.train.dataset import ClipKey, ClipSampler, PointVOSDataset
from stages.train.events import Events
from stages.train.frozen_features import FrozenFeatures, frozen_features
from stages.train.losses import sampled
from stages.train.settings import ClipTraining

_AVERAGED, _LONGEST_GRADIENT, _WEIGHT_DECAY = 0.98, 1.0, 0.01
_KEY_RATE = 0.1
"""Of the rate of the rest, that of the keys, which mean something before anything was learned."""
_SCALAR_RATE = 30.0
"""Of the rate of the rest, that of sharpness, costs, trust and contrast: a dozen numbers that decide much."""
_LEAST_SHOWN = 0.2
"""Of the first frame's points, a share between this and all is shown; all are learned."""
_FIRST_CLIPS = 8
"""Whose frames the first keys are the principal components of."""
_MOST_MEASURED = 16
"""Clips of the held-out videos that are looked at."""
COLUMNS = ("step", "rate", "loss", "held_out")
Tell = Callable[[int, float], None]
"""Told after each step: how many are done, and its loss."""


@dataclass(slots=True, eq=False)
class Training:
    """A training on its way.

    Attributes:
        network: that learns.
        average: of its weights over the last steps.
        settings: what decides the result.
        step: steps that are done.
        rows: of the log.
        best: weights that did best on the held-out clips; those of the average where none are held out.
        best_score: of them.
        waited: looks since then.
    """

    network: MemoryNetwork
    average: MemoryNetwork
    optimizer: torch.optim.Optimizer
    settings: ClipTraining
    step: int
    rows: list[tuple[Any, ...]]
    best: dict[str, Tensor]
    best_score: float = -1.0
    waited: int = 0

    @property
    def is_over(self) -> bool:
        """All steps are done, or nothing was gained for long."""
        own = self.settings
        return self.step >= own.steps or bool(own.patience and self.waited >= own.patience)

    def learn(self, clips: Clips) -> float:
        """Do one step; its loss. A step whose gradient is not finite changes nothing."""
        own = self.settings
        rng = np.random.default_rng((own.seed, self.step, 1))
        torch.manual_seed(own.seed * 1_000_003 + self.step)
        rate = rate_at(self.step / own.steps, own.rate)
        for group in self.optimizer.param_groups:
            is_learned = self.step >= own.scalar_steps or group["scale"] == _SCALAR_RATE
            group["lr"] = rate * group["scale"]
            for parameter in group["params"]:
                parameter.requires_grad_(is_learned)
        shown = shown_points(clips.labels[:, 0], rng)
        starts_from_masks = own.supervision != "points" and bool(rng.integers(2))
        with _autocast(own.precision, clips.labels.device):
            loss = clip_loss(self.network, clips, shown, own.supervision, starts_from_masks)
        descend(self.network, self.optimizer, loss, _LONGEST_GRADIENT)
        self.step += 1
        move_average(self.average, self.network, min(_AVERAGED, (1 + self.step) / (10 + self.step)))
        self.rows.append((self.step, f"{rate:.3e}", f"{float(loss.detach()):.4f}", ""))
        return float(loss.detach())

    def record_score(self, score: float) -> None:
        """Take the balanced accuracy on held-out clips, or None, and remember the weights that did best."""
        self.rows[-1] = (*self.rows[-1][:3], f"{score:.4f}")
        self.waited += 1
        if score > self.best_score:
            self.best = {name: value.clone() for name, value in self.average.state_dict().items()}
            self.best_score, self.waited = score, 0

    def state(self) -> dict[str, Any]:
        """For the checkpoint; the random streams are those of the step."""
        return {
            "step": self.step, "settings": asdict(self.settings), "network": self.network.state_dict(),
            "average": self.average.state_dict(), "optimizer": self.optimizer.state_dict(), "best": self.best,
            "best_score": self.best_score, "waited": self.waited,
        }  # fmt: skip

    def resume(self, found: dict[str, Any]) -> None:
        """Go on where a checkpoint stands."""
        self.network.load_state_dict(found["network"])
        self.average.load_state_dict(found["average"])
        self.optimizer.load_state_dict(found["optimizer"])
        self.step, self.best = found["step"], found["best"]
        self.best_score, self.waited = found["best_score"], found["waited"]
        self.rows = [tuple(row) for row in found["rows"]]


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """What a training reads.

    Attributes:
        own: clips to train on.
        held_out: clips to look at, or None.
        digest: of the points and masks.
    """

    own: PointVOSDataset
    held_out: PointVOSDataset | None
    digest: str


def train(
    sources: Sources,
    files: TrainingFiles,
    settings: ClipTraining,
    *,
    device: str = "cpu",
    features: FrozenFeatures | None = None,
    checkpoint_every: int = 50,
    tell: Tell = lambda *_: None,
) -> tuple[MemoryNetwork, float | None]:
    """Train, or continue a training that was cut off.

    Args:
        sources: what it reads.
        files: where the result goes.
        settings: what decides it.
        device: ``auto``, ``cpu`` or ``cuda[:n]``.
        features: to share with other trainings on the same device.
        checkpoint_every: steps.
        tell: told of every step.

    Returns:
        The network, and its balanced accuracy at the held-out videos' points; None when none are held out.

    Raises:
        ValueError: there is nothing to train on, or the checkpoint is of another training.
    """
    cv2.setNumThreads(1)
    if not len(sources.own):
        raise ValueError("there is no video to train on: none of split train has verified points")
    features = features or frozen_features(device)
    training = _begun(sources, files, settings, features)
    batches = _batches(sources.own, settings.batch, training.step)
    held_out = _held_out(sources.held_out, settings, features)
    events = Events(files.weights.with_suffix(".events"), training.step + 1)
    while not training.is_over:
        loss = training.learn(_clips(sources.own, next(batches), features))
        tell(training.step, loss)
        events.add(training.step, loss=loss)
        if held_out and (training.step % settings.measure_every == 0 or training.step == settings.steps):
            training.record_score(score := balanced_accuracy(training.average, held_out))
            events.add(training.step, held_out=score)
        if training.step % checkpoint_every == 0 or training.is_over:
            files.save({**training.state(), "data": sources.digest}, training.rows)
    events.close()
    if training.best_score >= 0:
        training.average.load_state_dict(training.best)
    made_with = {**asdict(settings), "steps_done": training.step, "data": sources.digest}
    files.finish(to_bytes(training.average, made_with))
    return training.average, training.best_score if held_out else None


def shown_points(labels: Tensor, rng: np.random.Generator) -> Tensor:
    """(B, O, P) bool: which of the first frame's points are shown, at least one on every object that has one."""
    shown = rng.random(labels.shape) < rng.uniform(_LEAST_SHOWN, 1.0, (len(labels), 1, 1))
    lots = np.where(labels.cpu().numpy() == 1, rng.random(labels.shape), -1.0)
    np.put_along_axis(shown, lots.argmax(axis=-1)[..., None], True, axis=-1)
    return torch.from_numpy(shown).to(labels.device)


@torch.no_grad()
def balanced_accuracy(network: MemoryNetwork, batches: list[Clips]) -> float:
    """The mean of foreground recall and background specificity at the points of all frames but the first."""
    right, n = np.zeros(2), np.zeros(2)
    for clips in batches:
        for number, found in follow(network, clips, clips.labels[:, 0] >= 0, starts_from_masks=False)[1:]:
            if not clips.is_annotated(number):
                continue
            full = aggregated(nn.functional.interpolate(found, clips.size, mode="bilinear"))
            on = (sampled(full[:, 1:], clips.xy[:, number]).exp() > 0.5).cpu().numpy()
            labels = clips.labels[:, number].cpu().numpy()
            for label in (0, 1):
                n[label] += (labels == label).sum()
                right[label] += ((labels == label) & (on == bool(label))).sum()
    return float((right / np.maximum(n, 1)).mean())


def _clips(dataset: PointVOSDataset, keys: list[ClipKey], features: FrozenFeatures) -> Clips:
    batch = default_collate([dataset[key] for key in keys])
    device, images = features.device, batch["images"]
    frames = [features.of(images[:, t]) for t in range(images.shape[1])]
    masks = batch["masks"].to(device) if "masks" in batch else None
    xy, labels, idx = (batch[name].to(device) for name in ("xy", "labels", "frame_idx"))
    return Clips(frames, (*images.shape[-2:],), xy, labels, idx, masks)


def _batches(dataset: PointVOSDataset, size: int, first: int) -> Iterator[list[ClipKey]]:
    """Batches from step ``first`` on; an epoch's last clips and the next one's first may share a batch."""
    epoch, start = divmod(first * size, len(dataset))

    def keys() -> Iterator[ClipKey]:
        at, sampler = start, ClipSampler(dataset)
        number = epoch
        while True:
            sampler.set_epoch(number, at)
            yield from sampler
            number, at = number + 1, 0

    stream = keys()
    while True:
        yield list(islice(stream, size))


def _held_out(dataset: PointVOSDataset | None, settings: ClipTraining, features: FrozenFeatures) -> list[Clips]:
    if dataset is None or not len(dataset):
        return []
    keys: list[ClipKey] = [(0, number) for number in range(min(len(dataset), _MOST_MEASURED))]
    return [_clips(dataset, keys[i : i + settings.batch], features) for i in range(0, len(keys), settings.batch)]


def _begun(sources: Sources, files: TrainingFiles, settings: ClipTraining, features: FrozenFeatures) -> Training:
    """A training at its first step, or where its checkpoint stands."""
    torch.manual_seed(settings.seed)
    network = MemoryNetwork(settings.sizes).to(features.device)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    training = Training(network, average, _optimizer(network, settings.rate), settings, 0, [], {})
    found = files.read()
    if found is None:
        first = _clips(sources.own, next(_batches(sources.own, _FIRST_CLIPS, 0)), features)
        network.begin(first.frames)
        average.load_state_dict(network.state_dict())
        return training
    if found["settings"] != asdict(settings) or found["data"] != sources.digest:
        what = "settings" if found["settings"] != asdict(settings) else "points"
        raise ValueError(
            f"{files.checkpoint} is of a training with other {what}; use the same ones to continue it, choose another "
            "--out, or remove the file to start over"
        )
    training.resume(found)
    return training


def _optimizer(network: MemoryNetwork, rate: float) -> torch.optim.Optimizer:
    """AdamW: the keys slower, the network's single numbers faster, and these never decay."""
    groups: dict[float, list[nn.Parameter]] = {_KEY_RATE: [], _SCALAR_RATE: [], 1.0: []}
    for name, parameter in network.named_parameters():
        is_number = parameter.ndim < 2 and not name.endswith("bias")
        groups[_KEY_RATE if name.startswith("key.") else _SCALAR_RATE if is_number else 1.0].append(parameter)
    decays = {scale: 0.0 if scale == _SCALAR_RATE else _WEIGHT_DECAY for scale in groups}
    given = [{"params": own, "scale": scale, "weight_decay": decays[scale]} for scale, own in groups.items()]
    return torch.optim.AdamW(given, lr=rate)


def _autocast(precision: str, device: torch.device) -> torch.autocast:
    is_fast = device.type == "cuda" if precision == "auto" else precision == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=is_fast)

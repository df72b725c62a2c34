"""One clip through the memory network: its first frame is given, the others are found, and all are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from stages.backends.memory_network.evidence import corrected, of_masks, of_points
from stages.backends.memory_network.features import FINE, Maps
from stages.backends.memory_network.memory_frames import MemoryFrames
from stages.backends.memory_network.network import MemoryNetwork, aggregated, from_points
from stages.train.losses import TAU, UNKNOWN, mask_loss, point_loss

SUPERVISIONS = ("points", "pseudo-masks", "pseudo-masks-plain", "masks")
"""What a network learns from: points alone; masks of a run by the robust loss, and its points; the same by plain
cross-entropy, for comparison; full masks alone, by plain cross-entropy. All count both sides of an object alike."""
_ABSENT = -16.0


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """A batch of clips on the device; B clips, T frames, O objects, P points.

    Attributes:
        frames: T times the feature maps of B frames.
        size: (height, width) of the frames in pixels.
        xy: (B, T, O, P, 2) float.
        labels: (B, T, O, P) int8.
        frame_idx: (B, T) decode indices, ascending.
        masks: (B, T, O, H, W) uint8, or None.
    """

    frames: Sequence[Maps]
    size: tuple[int, int]
    xy: Tensor
    labels: Tensor
    frame_idx: Tensor
    masks: Tensor | None

    def is_there(self) -> Tensor:
        """(B, O) bool: the object has a point on it on the first frame."""
        return (self.labels[:, 0] == 1).any(dim=-1)

    def is_annotated(self, number: int) -> bool:
        """Whether anything is known of a frame."""
        return bool((self.labels[:, number] >= 0).any())


def clip_loss(
    network: MemoryNetwork,
    clips: Clips,
    given: Tensor,
    supervision: str,
    starts_from_masks: bool,
) -> Tensor:
    """The loss of a batch, the mean over its annotated frames.

    Args:
        network: that learns.
        clips: the batch.
        given: (B, O, P) bool, the points of the first frame that are shown; all of them are targets.
        supervision: one of SUPERVISIONS.
        starts_from_masks: the first frame's masks are given, where they are known, rather than its points.
    """
    found = follow(network, clips, given, starts_from_masks)
    losses = [
        _frame_loss(aggregated(functional.interpolate(logits, clips.size, mode="bilinear")), clips, number, supervision)
        for number, logits in found
        if clips.is_annotated(number)
    ]
    if not losses:  # a view that shows no point teaches nothing
        return torch.stack([logits.sum() for _, logits in found]).sum() * 0.0
    return torch.stack(losses).mean()


def follow(network: MemoryNetwork, clips: Clips, given: Tensor, starts_from_masks: bool) -> list[tuple[int, Tensor]]:
    """(number of the frame, (B, O, rows, columns) logits at stride 4) of every frame that is found.

    The memory is that of the propagator: the first frame, every fifth and the one before, as they were found.
    """
    is_there = clips.is_there()[..., None, None]
    seen = network.see(clips.frames[0])
    points = of_points(clips.xy[:, 0], torch.where(given, clips.labels[:, 0], -1), clips.size, FINE)
    found: list[tuple[int, Tensor]] = []
    masks = _first_masks(clips) if starts_from_masks else None
    if masks is None:
        logits = from_points(network, seen, points)
        found.append((0, _among(logits, is_there)))
        evidence = corrected(_own(found[0][1]), points)
    else:
        evidence = of_masks(masks)
    memory, keys = MemoryFrames(), {0: seen.key.flatten(2)}
    memory.anchor(0, network.remember(evidence).flatten(3))
    for number, maps in enumerate(clips.frames[1:], start=1):
        seen = network.see(maps)
        own = memory.values()
        gaps = clips.frame_idx[:, number, None] - clips.frame_idx[:, list(own)]
        read = network.read(seen, torch.cat([keys[i] for i in own], dim=2), torch.cat(list(own.values()), dim=3), gaps)
        found.append((number, _among(network.decode(seen, read), is_there)))
        if number + 1 < len(clips.frames):
            keys[number] = seen.key.flatten(2)
            memory.pass_on(number, network.remember(of_masks(_own(found[-1][1]))).flatten(3))
    return found


def _first_masks(clips: Clips) -> Tensor | None:
    """(B, O, rows, columns) masks of the first frame; None unless all objects have one."""
    if clips.masks is None:
        return None
    own = clips.masks[:, 0] == 1
    if not bool((own.flatten(2).any(dim=2) | ~clips.is_there()).all()):
        return None
    return functional.avg_pool2d(own.float(), FINE)


def _among(logits: Tensor, is_there: Tensor) -> Tensor:
    return torch.where(is_there, logits.float(), _ABSENT)


def _own(logits: Tensor) -> Tensor:
    return aggregated(logits)[:, 1:].exp()


def _frame_loss(log_probabilities: Tensor, clips: Clips, number: int, supervision: str) -> Tensor:
    labels = torch.where(clips.is_there()[..., None], clips.labels[:, number], -1)
    points = point_loss(log_probabilities, clips.xy[:, number], labels)
    if supervision == "points" or clips.masks is None:
        return points
    masks = torch.where(clips.is_there()[..., None, None], clips.masks[:, number], UNKNOWN)
    if supervision == "masks":
        return mask_loss(log_probabilities, masks)
    return points + mask_loss(log_probabilities, masks, TAU if supervision == "pseudo-masks" else None)

"""``cutie_base|small``: Cutie, a memory network that tracks all objects of a video together.

Source: https://github.com/hkchengrex/Cutie (Cheng et al., CVPR 2024), MIT, package ``rf-cutie`` 1.0.1. The checkpoint
must lie in the cache (``pointvos models fetch``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cutie.inference.inference_core import InferenceCore
from cutie.utils.tensor_utils import pad_divide_by, unpad
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor, nn

from stages.backends.checkpoints import require_checkpoint
from stages.backends.confidence import estimates
from stages.backends.cutie.limits import NO_LIMITS, Limits
from stages.backends.cutie.network import LogitRecorder, build_network, make_config
from stages.backends.devices import pick_device
from stages.backends.propagator import Estimate
from stages.backends.weights import load_weights
from stages.resize import resize

SHORT_SIDE = (96, 480)
"""Frames are worked on with a shorter side between these, in pixels; below, Cutie finds too few cells to remember."""
STRIDE = 16


@dataclass(frozen=True, slots=True, eq=False)
class CutieFrame:
    """One frame at the working size.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        tensor: (3, h, w) float32 in [0, 1] on the device.
        features: what Cutie's image encoder makes of it: multi-scale maps, pixel features, key, shrinkage, selection.
    """

    image: NDArray[np.uint8]
    tensor: Tensor
    features: tuple[Any, ...]


class CutiePropagator:
    """Cutie with a loaded network."""

    def __init__(
        self,
        name: str,
        network: nn.Module,
        config: DictConfig,
        device: torch.device,
        precision: torch.dtype | None,
        short_side_px: int = SHORT_SIDE[1],
    ) -> None:
        """Wrap a frozen network that lies on ``device``; ``precision`` is autocast's, None for full precision."""
        self.name = name
        self._network = network
        self._config = config
        self._device = device
        self._precision = precision
        self._short_side_px = short_side_px

    def open(self, height: int, width: int) -> CutieSession:
        """A new session; every frame brings its own working size, so the arguments are not needed."""
        return CutieSession(self.name, self._network, self._config, self._precision)

    def encode(self, image: NDArray[np.uint8]) -> CutieFrame:
        """Image features of a (H, W, 3) uint8 RGB frame, for all objects and both directions."""
        height, width = image.shape[:2]
        return self._encode(resize(image, working_size(height, width, self._short_side_px)))

    def pack(self, encoding: CutieFrame) -> dict[str, NDArray[Any]]:
        """The frame at its working size; its features are large and quickly made again."""
        return {"image": encoding.image}

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> CutieFrame:
        """Inverse of :meth:`pack`."""
        return self._encode(arrays["image"])

    @torch.inference_mode()
    def _encode(self, image: NDArray[np.uint8]) -> CutieFrame:
        tensor = torch.tensor(image, device=self._device).permute(2, 0, 1).float() / 255
        network: Any = self._network
        with autocast(self._device, self._precision):
            maps, pixels = network.encode_image(pad_divide_by(tensor, STRIDE)[0][None])
            return CutieFrame(image, tensor, (maps, pixels, *network.transform_key(maps[0])))


class CutieSession:
    """One direction through one video: one inference core for all objects."""

    def __init__(self, name: str, network: nn.Module, config: DictConfig, precision: torch.dtype | None) -> None:
        self._name = name
        self._precision = precision
        self._recorder = LogitRecorder(network)
        self._features = _FrameFeatures()
        self._core = InferenceCore(self._recorder, cfg=config, image_feature_store=self._features)
        self._numbers: dict[str, int] = {}
        self._latest: dict[str, Tensor] = {}

    @torch.inference_mode()
    def start(self, encoding: CutieFrame, masks: Mapping[str, NDArray[np.bool_]]) -> None:
        """Add or correct objects; see :class:`~stages.backends.propagator.PropagationSession`.

        Cutie is told the state of all live objects: the given masks, and for the others what it just estimated.

        Raises:
            ValueError: a new object's mask is empty.
        """
        if empty := [i for i, mask in masks.items() if i not in self._numbers and not mask.any()]:
            raise ValueError(f"object {empty[0]!r} starts with an empty mask")
        height, width = encoding.image.shape[:2]
        for object_id, mask in masks.items():
            self._numbers.setdefault(object_id, len(self._numbers) + 1)
            small = resize(mask.astype(np.float32), (height, width))
            self._latest[object_id] = torch.from_numpy(small).to(encoding.tensor.device)
        numbers = list(self._numbers.values())
        self._core.object_manager.add_new_objects(numbers)
        planes = torch.stack([self._latest[object_id] for object_id in self._numbers])
        self._advance(encoding, mask=planes, objects=numbers, idx_mask=False)

    @torch.inference_mode()
    def step(self, encoding: CutieFrame) -> dict[str, Estimate]:
        """Find every live object on the next frame.

        Raises:
            RuntimeError: no object was started.
            FloatingPointError: the network answered with NaN.
        """
        if not self._numbers:
            raise RuntimeError("step() before start()")
        self._advance(encoding)
        assert self._recorder.logits is not None
        probabilities = torch.sigmoid(unpad(self._recorder.logits, self._core.pad))
        self._latest = dict(zip(self._numbers, probabilities, strict=True))
        return estimates(self._name, self._numbers, probabilities)

    def _advance(self, encoding: CutieFrame, **given: Any) -> None:
        self._features.features = encoding.features
        with autocast(encoding.tensor.device, self._precision):
            self._core.step(encoding.tensor, **given)


class _FrameFeatures:
    """In place of Cutie's feature store: the features of the frame at hand, made in :meth:`CutiePropagator.encode`."""

    features: tuple[Any, ...]

    def get_features(self, index: int, image: Tensor) -> tuple[Any, ...]:
        return self.features[:2]

    def get_key(self, index: int, image: Tensor) -> tuple[Any, ...]:
        return self.features[2:]

    def delete(self, index: int) -> None:
        """Nothing is kept."""


def load_cutie(name: str, device: str, checkpoint: Path | None = None, limits: Limits = NO_LIMITS) -> CutiePropagator:
    """Load ``cutie_base`` or ``cutie_small``.

    Args:
        name: registry key.
        device: ``auto``, ``cpu`` or ``cuda[:n]``.
        checkpoint: a file of weights; the one in the cache when it is None.
        limits: of the size that it works at and of what it remembers.

    Raises:
        CheckpointError: the checkpoint is not in the cache, or damaged.
        WeightsError: the file does not fit the architecture.
    """
    place = pick_device(device)
    path = checkpoint or require_checkpoint(name)
    config = make_config(name.removeprefix("cutie_"), limits.memory_frames)
    network = build_network(config)
    load_weights(network, path, name)
    precision = torch.float16 if place.type == "cuda" else None
    short_side_px = limits.short_side_px or SHORT_SIDE[1]
    return CutiePropagator(name, network.to(place), config, place, precision, short_side_px)


def require_fit(name: str, path: Path) -> None:
    """Make sure that a file holds weights of the architecture ``name``: every key and every shape, and nothing else.

    Raises:
        WeightsError: it does not; the message says how it differs.
    """
    load_weights(build_network(make_config(name.removeprefix("cutie_"))), path, name)


def autocast(device: torch.device, precision: torch.dtype | None) -> torch.autocast:
    """Autocast to ``precision``; None changes nothing."""
    return torch.autocast(device.type, dtype=precision, enabled=precision is not None)


def working_size(height: int, width: int, most_px: int = SHORT_SIDE[1]) -> tuple[int, int]:
    """Height and width of a frame whose shorter side is brought between that of :data:`SHORT_SIDE` and ``most_px``.

    >>> working_size(720, 1280), working_size(480, 854, 240), working_size(48, 64)
    ((480, 853), (240, 427), (96, 128))
    """
    shorter = min(height, width)
    scale = min(max(shorter, SHORT_SIDE[0]), most_px) / shorter
    return round(height * scale), round(width * scale)

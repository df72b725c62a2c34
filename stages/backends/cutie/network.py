"""The Cutie network without its surroundings: no hydra, no download, and each object's own opinion kept.

Source: https://github.com/hkchengrex/Cutie (Cheng et al., CVPR 2024), MIT, package ``rf-cutie`` 1.0.1.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import cutie
import torch
from cutie.model.cutie import CUTIE
from cutie.model.utils import resnet
from cutie.utils.tensor_utils import aggregate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn
from torch.nn import functional

MEMORY_EVERY = 5
"""Frames between two memory frames; the value of Cutie's published results."""
PROTOTYPES = 128
"""Cells that long-term memory keeps of every five frames, Cutie's own number."""


def make_config(variant: str, memory_frames: int = 0) -> DictConfig:
    """Cutie's own evaluation settings for ``base`` or ``small``, with long-term memory, so that memory is bounded.

    Args:
        variant: ``base`` or ``small``.
        memory_frames: remembered in full before the older half goes into long-term memory; 0 for Cutie's own 10.
    """
    folder = Path(next(iter(cutie.__path__))) / "config"
    variants = ("base",) if variant == "base" else ("base", variant)
    model = _merged(*(_plain(folder / "model" / f"{name}.yaml") for name in variants))
    chosen: dict[str, Any] = {"model": model, "use_long_term": True, "mem_every": MEMORY_EVERY, "max_internal_size": -1}
    if memory_frames:
        kept = memory_frames // 2
        prototypes = min(PROTOTYPES, PROTOTYPES * (memory_frames - kept) // 5)
        chosen["long_term"] = {"max_mem_frames": memory_frames, "min_mem_frames": kept, "num_prototypes": prototypes}
    return _merged(_plain(folder / "eval_config.yaml"), OmegaConf.create(chosen))


def _plain(path: Path) -> DictConfig:
    """Settings of a file without what only hydra understands."""
    loaded: Any = OmegaConf.load(path)
    for name in ("defaults", "hydra"):
        loaded.pop(name, None)
    return cast(DictConfig, loaded)


def _merged(*parts: DictConfig) -> DictConfig:
    return cast(DictConfig, OmegaConf.merge(*parts))


def build_network(config: DictConfig) -> nn.Module:
    """The network with random weights. Its constructor would fetch ImageNet weights; here it may not."""
    warnings.filterwarnings("ignore", message=r"`torch\.cuda\.amp\.autocast", category=FutureWarning)
    with _untrained_backbones():
        network: nn.Module = CUTIE(config)
    return network.eval()


@contextmanager
def _untrained_backbones() -> Iterator[None]:
    originals = {name: getattr(resnet, name) for name in ("resnet18", "resnet50")}

    def untrained(name: str) -> Any:
        return lambda pretrained, extra_dim=0, model_dir=None: originals[name](pretrained=False, extra_dim=extra_dim)

    try:
        for name in originals:
            setattr(resnet, name, untrained(name))
        yield
    finally:
        for name, original in originals.items():
            setattr(resnet, name, original)


class LogitRecorder:
    """The network as one session sees it; it keeps what each object's decoder says before the objects compete.

    Cutie shares every pixel out between its objects: of two that overlap, each gets half. What it remembers and
    looks at next stays so, as it was trained; but the masks that we draw come from each object against its own
    background, and only objects of one group are made to exclude each other, later and by the same formula.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self.logits: Tensor | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def segment(
        self,
        ms_image_feat: Any,
        memory_readout: Tensor,
        sensory: Tensor,
        *,
        chunk_size: int = -1,
        update_sensory: bool = True,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Sensory memory, joint logits and joint probabilities (1, 1 + objects, H, W) for the session's own use.

        Besides, ``logits`` (objects, H, W) keeps each object's own, at the padded image's size.
        """
        decoder: Any = self._network.mask_decoder
        sensory, logits = decoder(
            ms_image_feat, memory_readout, sensory, chunk_size=chunk_size, update_sensory=update_sensory
        )
        joint = _enlarged(aggregate(torch.sigmoid(logits), dim=1))
        self.logits = _enlarged(logits.float())[0]
        return sensory, joint, torch.softmax(joint, dim=1)


def _enlarged(logits: Tensor) -> Tensor:
    return functional.interpolate(logits, scale_factor=4, mode="bilinear", align_corners=False)

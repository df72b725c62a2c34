"""Networks by name of the model: which classes of transformers, which configuration, whose weights.

Sources: SAM 2.1 (Ravi et al., 2024), https://github.com/facebookresearch/sam2, Apache-2.0; EdgeTAM (Zhou et al.,
CVPR 2025), https://github.com/facebookresearch/EdgeTAM, Apache-2.0; SAM 3 (Meta, 2025),
https://huggingface.co/facebook/sam3, SAM licence. Code: transformers, Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from stages.backends.checkpoints import CHECKPOINTS, CheckpointError, require_checkpoint, require_hub_model
from stages.backends.families import require_packages
from stages.backends.sam2.official_keys import converted
from stages.backends.weights import load_weights

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Family:
    """What sets the families apart.

    Attributes:
        image: class of transformers for one image.
        video: class for videos, with memory.
        session: class that holds what one video's memory is made of.
        mean: subtracted from RGB in [0, 1].
        std: and divided by.
        kinds: what weights in the format of transformers may call themselves.
        is_resampled: whether a frame is remembered as a few tokens, (batch, tokens, channels); else as all its cells,
            (cells, batch, channels).
    """

    image: str
    video: str
    session: str
    mean: Triple
    std: Triple
    kinds: tuple[str, ...]
    is_resampled: bool = False


_IMAGENET: tuple[Triple, Triple] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_CENTRED: tuple[Triple, Triple] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_SAM2 = Family("Sam2Model", "Sam2VideoModel", "Sam2VideoInferenceSession", *_IMAGENET, ("sam2_video",))
FAMILIES: Mapping[str, Family] = {
    **dict.fromkeys(("sam2.1_tiny", "sam2.1_small", "sam2.1_base_plus", "sam2.1_large"), _SAM2),
    "edgetam": Family(
        "EdgeTamModel", "EdgeTamVideoModel", "EdgeTamVideoInferenceSession", *_IMAGENET, ("edgetam_video",), True
    ),
    "sam3_tracker": Family(
        "Sam3TrackerModel",
        "Sam3TrackerVideoModel",
        "Sam3TrackerVideoInferenceSession",
        *_CENTRED,
        ("sam3_video", "sam3_tracker_video"),
    ),
}
"""By name of the model."""
_PARTS = ("vision_config", "prompt_encoder_config", "mask_decoder_config")

_BACKBONES: Mapping[str, Mapping[str, Any]] = {
    "sam2.1_tiny": {},
    "sam2.1_small": {"blocks_per_stage": [1, 2, 11, 2], "global_attention_blocks": [7, 10, 13]},
    "sam2.1_base_plus": {
        "hidden_size": 112,
        "embed_dim_per_stage": [112, 224, 448, 896],
        "num_attention_heads_per_stage": [2, 4, 8, 16],
        "blocks_per_stage": [2, 3, 16, 3],
        "global_attention_blocks": [12, 16, 20],
        "window_positional_embedding_background_size": [14, 14],
    },
    "sam2.1_large": {
        "hidden_size": 144,
        "embed_dim_per_stage": [144, 288, 576, 1152],
        "num_attention_heads_per_stage": [2, 4, 8, 16],
        "blocks_per_stage": [2, 6, 36, 4],
        "global_attention_blocks": [23, 33, 43],
        "window_size_per_stage": [8, 4, 16, 8],
    },
}
"""The Hiera backbones of ``configs/sam2.1`` in Meta's package, where they differ from the tiny one."""


def load_network(name: str, kind: str, source: Path | None = None) -> Any:
    """A network with its weights, on the CPU, frozen.

    Args:
        name: a key of :data:`FAMILIES`.
        kind: ``image`` or ``video``.
        source: an official checkpoint of SAM 2.1, or a folder in the format of transformers; the one in the cache
            when it is None.

    Raises:
        CheckpointError: packages or weights are missing, or the weights are damaged.
        WeightsError: the file does not fit the architecture.
    """
    require_packages(name)
    source = source or (require_checkpoint(name) if name in CHECKPOINTS else require_hub_model(name))
    if source.is_dir():
        network = _from_folder(name, source)
        return network if kind == "video" else _for_images(name, network)
    network = build_official(name, kind)
    own = set(network.state_dict())
    load_weights(network, source, name, lambda state: _kept(converted(state), own, kind))
    return network


def build_official(name: str, kind: str) -> nn.Module:
    """A network of SAM 2.1 with random weights."""
    import transformers

    backbone = transformers.Sam2HieraDetConfig(**_BACKBONES[name])
    vision = transformers.Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=backbone.embed_dim_per_stage[::-1]
    )
    config = (transformers.Sam2VideoConfig if kind == "video" else transformers.Sam2Config)(vision_config=vision)
    network: nn.Module = getattr(transformers, getattr(FAMILIES[name], kind))(config)
    return network


def _kept(state: dict[str, torch.Tensor], own: set[str], kind: str) -> dict[str, torch.Tensor]:
    """All weights of a video's network; of one for images those that it has, as it lacks the memory."""
    return state if kind == "video" else {key: value for key, value in state.items() if key in own}


def _from_folder(name: str, folder: Path) -> Any:
    import transformers

    transformers.utils.logging.disable_progress_bar()
    architecture = getattr(transformers, FAMILIES[name].video)
    try:
        found = transformers.AutoConfig.from_pretrained(folder, local_files_only=True).model_type
        if found not in FAMILIES[name].kinds:
            raise ValueError(f"it holds {found}, expected {' or '.join(FAMILIES[name].kinds)}")
        network, loading = architecture.from_pretrained(folder, local_files_only=True, output_loading_info=True)
    except (OSError, ValueError, RuntimeError) as problem:
        raise CheckpointError(f"{name} cannot load {folder}: {str(problem).strip().splitlines()[0]}") from None
    if missing := sorted(loading["missing_keys"]):
        raise CheckpointError(
            f"{folder} does not fit {name}: {len(missing)} keys are missing ({', '.join(missing[:3])}, …)"
        )
    return network.eval().requires_grad_(False)


def _for_images(name: str, video: Any) -> Any:
    """The part of a network for videos that answers prompts on one image.

    transformers 5.24 does not load it from the repository of SAM 3: the prefixes of its keys stay.
    """
    import transformers

    architecture = getattr(transformers, FAMILIES[name].image)
    parts = {part: getattr(video.config, part).to_dict() for part in _PARTS}
    for part in _PARTS[1:]:
        parts[part].pop("model_type", None)
    network = architecture(architecture.config_class(**parts))
    network.load_state_dict(_kept(video.state_dict(), set(network.state_dict()), "image"))
    return network.eval().requires_grad_(False)

"""Tiny networks of the true classes of transformers, with random weights. They need the packages of pointvos[video]."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch

from stages.backends.sam2.networks import FAMILIES

SIDE, WIDTH = 64, 128
_LEVELS = [[16, 16], [8, 8], [4, 4]]
_MEMORY = {
    "memory_attention_hidden_size": WIDTH,
    "memory_attention_num_layers": 1,
    "memory_attention_rope_feat_sizes": [4, 4],
    "memory_attention_dropout": 0.0,
    "memory_encoder_hidden_size": WIDTH,
    "memory_encoder_output_channels": 64,
    "mask_downsampler_embed_dim": WIDTH,
    "memory_fuser_num_layers": 1,
    "memory_fuser_embed_dim": WIDTH,
    "memory_fuser_intermediate_dim": 64,
}
_FEED_FORWARD = {"memory_attention_feed_forward_hidden_size": 64}
NAMES = ("sam2.1_tiny", "edgetam", "sam3_tracker")
"""One a family of classes."""


@cache
def tiny_config(name: str, kind: str) -> Any:
    """The configuration of the ``image`` or ``video`` class of a model, small enough for tests."""
    make = {"edgetam": _edgetam, "sam3_tracker": _sam3_tracker}.get(name, _sam2)
    return make("Video" if kind == "video" else "")


def tiny_network(name: str, kind: str) -> Any:
    """A network of the true class, always with the same weights."""
    import transformers

    torch.manual_seed(5)
    network = getattr(transformers, getattr(FAMILIES[name], kind))(tiny_config(name, kind))
    with torch.no_grad():
        for parameter in network.parameters():  # random weights of the usual size say nearly nothing
            parameter.add_(torch.randn_like(parameter) * 0.05)
        network.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(4.0)  # objects are taken to be there
    return network.eval().requires_grad_(False)


def save_tiny(name: str, kind: str, folder: Path) -> Path:
    """Write a network as a folder that transformers reads."""
    tiny_network(name, kind).save_pretrained(folder)
    return folder


def _parts(prefix: str, size: int, patch: int) -> dict[str, Any]:
    import transformers

    prompts = getattr(transformers, f"{prefix}PromptEncoderConfig")(
        hidden_size=WIDTH, image_size=size, patch_size=patch, mask_input_channels=8
    )
    masks = getattr(transformers, f"{prefix}MaskDecoderConfig")(
        hidden_size=WIDTH, mlp_dim=32, num_hidden_layers=1, num_attention_heads=2, iou_head_hidden_dim=16
    )
    return {"prompt_encoder_config": prompts, "mask_decoder_config": masks}


def _sam2(video: str) -> Any:
    import transformers

    channels = [8, 16, 24, 32]
    backbone = transformers.Sam2HieraDetConfig(
        hidden_size=8, image_size=[SIDE, SIDE], blocks_per_stage=[1, 1, 2, 1], embed_dim_per_stage=channels,
        num_attention_heads_per_stage=[1, 1, 1, 1], window_size_per_stage=[4, 4, 4, 2], global_attention_blocks=[3],
        window_positional_embedding_background_size=[4, 4],
    )  # fmt: skip
    vision = transformers.Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=channels[::-1], backbone_feature_sizes=_LEVELS,
        fpn_hidden_size=WIDTH,
    )  # fmt: skip
    own = {**_MEMORY, **_FEED_FORWARD, "image_size": SIDE} if video else {}
    parts = _parts(f"Sam2{video}", SIDE, 16)
    return getattr(transformers, f"Sam2{video}Config")(vision_config=vision, **parts, **own)


def _edgetam(video: str) -> Any:
    import transformers

    backbone = transformers.TimmWrapperConfig(
        architecture="test_resnet", model_args={"in_chans": 3, "features_only": True, "out_indices": [1, 2, 3, 4]}
    )
    vision = transformers.EdgeTamVisionConfig(
        backbone_config=backbone, backbone_channel_list=[96, 192, 48, 32], backbone_feature_sizes=_LEVELS,
        fpn_hidden_size=WIDTH,
    )  # fmt: skip
    resampler = {
        "memory_attention_mlp_hidden_size": 64, "memory_attention_rope_k_sizes": [2, 2],
        "perceiver_resampler_num_latents": 4, "perceiver_resampler_num_latents_2d": 4,
        "perceiver_resampler_hidden_size": 64, "perceiver_resampler_mlp_intermediate_size": 64,
        "perceiver_resampler_attention_head_dim": 64, "perceiver_resampler_num_layers": 1,
    }  # fmt: skip
    own = {**_MEMORY, **resampler, "image_size": SIDE} if video else {}
    parts = _parts(f"EdgeTam{video}", SIDE, 16)
    return getattr(transformers, f"EdgeTam{video}Config")(vision_config=vision, **parts, **own)


def _sam3_tracker(video: str) -> Any:
    import transformers

    vit = transformers.Sam3ViTConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE,
        patch_size=16, window_size=2, global_attn_indexes=[1], pretrain_image_size=SIDE,
    )  # fmt: skip
    vision = transformers.Sam3VisionConfig(
        backbone_config=vit, fpn_hidden_size=WIDTH, backbone_feature_sizes=_LEVELS, scale_factors=[4.0, 2.0, 1.0, 0.5]
    )
    own = {**_MEMORY, **_FEED_FORWARD, "image_size": SIDE} if video else {}
    parts = _parts(f"Sam3Tracker{video}", SIDE, 16)
    return getattr(transformers, f"Sam3Tracker{video}Config")(vision_config=vision, **parts, **own)

"""The official SAM 2.1 checkpoints under the names that transformers gives to the same weights.

Meta publishes ``sam2.1_hiera_*.pt`` for its own package; the networks of transformers are the same with other names.
The table was checked against the package ``sam2`` 1.1.0: all four variants with random weights give the same masks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_RENAMES: tuple[tuple[str, str], ...] = (
    (r"^image_encoder\.trunk\.patch_embed\.proj\.", "vision_encoder.backbone.patch_embed.projection."),
    (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv\.", r"vision_encoder.neck.convs.\1."),
    (r"^sam_(prompt_encoder|mask_decoder)\.", r"\1."),
    (r"^obj_ptr_proj\.", "object_pointer_proj."),
    (r"^obj_ptr_tpos_proj\.", "temporal_positional_encoding_projection_layer."),
    (r"^no_obj_ptr$", "no_object_pointer"),
    (r"^no_obj_embed_spatial$", "occlusion_spatial_embedding_parameter"),
    (r"^maskmem_tpos_enc$", "memory_temporal_positional_encoding"),
    (r"^no_mem_embed$", "no_memory_embedding"),
    (r"^no_mem_pos_enc$", "no_memory_positional_encoding"),
    (r"pe_layer\.positional_encoding_gaussian_matrix$", "shared_embedding.positional_embedding"),
    (r"mask_downscaling\.0\.", "mask_embed.conv1."),
    (r"mask_downscaling\.1\.", "mask_embed.layer_norm1."),
    (r"mask_downscaling\.3\.", "mask_embed.conv2."),
    (r"mask_downscaling\.4\.", "mask_embed.layer_norm2."),
    (r"mask_downscaling\.6\.", "mask_embed.conv3."),
    (r"output_upscaling\.0\.", "upscale_conv1."),
    (r"output_upscaling\.1\.", "upscale_layer_norm."),
    (r"output_upscaling\.3\.", "upscale_conv2."),
    (r"\.mlp\.layers\.0\.", ".mlp.proj_in."),
    (r"\.mlp\.layers\.1\.", ".mlp.proj_out."),
    (r"(_head|_mlps\.\d+|_proj)\.layers\.0\.", r"\1.proj_in."),
    (r"(_head|_mlps\.\d+|_proj)\.layers\.1\.", r"\1.layers.0."),
    (r"(_head|_mlps\.\d+|_proj)\.layers\.2\.", r"\1.proj_out."),
    (r"^memory_encoder\.out_proj\.", "memory_encoder.projection."),
    (r"^memory_encoder\.pix_feat_proj\.", "memory_encoder.feature_projection."),
    (r"^memory_encoder\.fuser\.", "memory_encoder.memory_fuser."),
    (r"\.dwconv\.", ".depthwise_conv."),
    (r"\.pwconv(\d)\.", r".pointwise_conv\1."),
    (r"\.gamma$", ".scale"),
    (r"\.out_proj\.", ".o_proj."),
    (r"\.norm", ".layer_norm"),
)
"""Patterns and what takes the place of their first match; each key goes through all of them, in order."""
_DOWNSAMPLER = re.compile(r"mask_downsampler\.encoder\.(\d+)\.")
_LAST_OF_DOWNSAMPLER = 12
_POINTS = "prompt_encoder.point_embed"


def converted(official: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of Meta's package as one of ``Sam2VideoModel``."""
    state = {_renamed(key): value for key, value in official.items()}
    points = sorted(key for key in state if re.fullmatch(r"prompt_encoder\.point_embeddings\.\d+\.weight", key))
    if points:
        state[f"{_POINTS}.weight"] = torch.cat([state.pop(key) for key in points])
    shared = "shared_embedding.positional_embedding"
    if f"prompt_encoder.{shared}" in state:
        state[f"shared_image_{shared.removeprefix('shared_')}"] = state[f"prompt_encoder.{shared}"]
    return state


def _renamed(key: str) -> str:
    for pattern, replacement in _RENAMES:
        key = re.sub(pattern, replacement, key, count=1)
    return _DOWNSAMPLER.sub(_downsampler_layer, key)


def _downsampler_layer(match: re.Match[str]) -> str:
    """The layers of the downsampler come in threes, convolution, norm and activation; a convolution is the last."""
    number = int(match[1])
    if number == _LAST_OF_DOWNSAMPLER:
        return "mask_downsampler.final_conv."
    return f"mask_downsampler.layers.{number // 3}.{'layer_norm' if number % 3 else 'conv'}."

"""Segment Anything with all its parts and random weights, on squares of 128 pixels and one block deep."""

from functools import partial

import torch
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

SIDE = 128


class CountingEncoder(ImageEncoderViT):
    """The true image encoder, which counts how often it is asked."""

    calls = 0

    def forward(self, x):
        self.calls += 1
        return super().forward(x)


def tiny_sam() -> Sam:
    """Always with the same weights."""
    torch.manual_seed(3)
    cells = SIDE // 16
    return Sam(
        image_encoder=CountingEncoder(
            depth=1, embed_dim=32, img_size=SIDE, num_heads=2, patch_size=16, out_chans=64, use_rel_pos=True,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6), window_size=0, qkv_bias=True,
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=64, image_embedding_size=(cells, cells), input_image_size=(SIDE, SIDE), mask_in_chans=16
        ),
        mask_decoder=MaskDecoder(
            transformer_dim=64,
            transformer=TwoWayTransformer(depth=2, embedding_dim=64, mlp_dim=64, num_heads=2),
            iou_head_hidden_dim=32,
        ),
    ).eval().requires_grad_(False)  # fmt: skip

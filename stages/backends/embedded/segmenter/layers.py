"""Layers of the click network."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.backends.embedded.features.fused import FloatLayer

_EPSILON, _MOMENTUM = 1e-3, 0.03
"""Of batch norms: what the ImageNet weights were trained with, and how fast running statistics move in training."""


class ConvNorm(nn.Module):
    """Convolution, batch norm and, if asked for, ReLU6.

    A layer of stride 2 pads as TensorFlow does for even sides, as the ImageNet weights want it (see
    :mod:`stages.backends.embedded.features.backbone`).
    """

    def __init__(
        self, channels: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1, *, active: bool = True
    ) -> None:
        super().__init__()
        padding = 0 if stride == 2 else kernel // 2
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(out, eps=_EPSILON, momentum=_MOMENTUM)
        self._active = active
        self._fused: FloatLayer | None = None
        self._margins = ((kernel - 2) // 2, kernel - 2 - (kernel - 2) // 2) * 2 if stride == 2 else None

    def forward(self, x: Tensor, beside: Tensor | None = None) -> Tensor:
        """(B, channels, h, w) → (B, out, h / stride, w / stride); ``beside`` is added before the activation."""
        x = functional.pad(x, self._margins) if self._margins else x
        if self._fused is not None and beside is None:
            return self._fused(x)
        y = self.norm(self.conv(x))
        if beside is not None:
            y = y + beside
        return functional.relu6(y, inplace=not self.training) if self._active else cast(Tensor, y)

    def fold(self) -> None:
        """Fold the batch norm into the convolution; for inference only."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
            self.norm = nn.Identity()

    def fuse(self, *, on: bool) -> None:
        """Compute the folded convolution and its ReLU6 in one pass from now on, or no more; the values are the same."""
        padding = int(self.conv.padding[0])
        layer = FloatLayer(self.conv, self.conv.weight.dtype, clamped=self._active, padding=padding) if on else None
        self._fused = layer


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; added to the input where the shapes allow it."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, ratio: int) -> None:
        super().__init__()
        inner = channels * ratio
        self.expand = ConvNorm(channels, inner) if ratio > 1 else None
        self.depthwise = ConvNorm(inner, inner, kernel, stride, inner)
        self.project = ConvNorm(inner, out, active=False)
        self._residual = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, h, w) → (B, out, h / stride, w / stride)."""
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self._residual else cast(Tensor, y)


class SimilarityMaps(nn.Module):
    """Tells every cell how alike it is to what the prompts mark: cosines by head, and the marked means themselves."""

    KINDS = 3
    _HEADS, _WIDTH = 8, 64

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.key = nn.Conv2d(channels, self._WIDTH, 1)
        self.mix = nn.Conv2d(self.KINDS * self._HEADS, channels, 1)
        self.describe = nn.Linear(self.KINDS * self._WIDTH, channels)
        start_small(self.mix)
        start_small(self.describe)

    def forward(self, x: Tensor, marks: Tensor) -> Tensor:
        """(B, channels, h, w) features and (B, 3, h, w) non-negative marks → features; computed in float32."""
        with torch.autocast(x.device.type, enabled=False):
            return self._similarity_maps(x.float(), marks.float()).to(x.dtype)

    def _similarity_maps(self, x: Tensor, marks: Tensor) -> Tensor:
        batch, _, height, width = x.shape
        keys = functional.normalize(self.key(x).view(batch, self._HEADS, -1, height * width), dim=2)
        shares = marks.reshape(batch, self.KINDS, -1)
        shares = shares / (shares.sum(-1, keepdim=True) + 1e-4)
        means = shares @ keys.view(batch, self._WIDTH, -1).transpose(1, 2)
        by_head = means.view(batch, self.KINDS, self._HEADS, -1).transpose(1, 2)
        cosines = (by_head @ keys).reshape(batch, -1, height, width)
        return cast(Tensor, x + self.mix(cosines) + self.describe(means.flatten(1))[:, :, None, None])


class GlobalAttention(nn.Module):
    """Self-attention of all cells with a scaled residual, after a depthwise convolution that tells places apart."""

    _HEADS = 4

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.place = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels)
        self.norm_attention, self.norm_mlp = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.widen, self.narrow = nn.Linear(channels, 2 * channels), nn.Linear(2 * channels, channels)
        self.scale_attention = nn.Parameter(torch.full((channels,), 0.1))
        self.scale_mlp = nn.Parameter(torch.full((channels,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, h, w) → the same shape."""
        batch, channels, height, width = x.shape
        cells = (x + self.place(x)).flatten(2).transpose(1, 2)
        split = self.qkv(self.norm_attention(cells)).view(batch, height * width, 3, self._HEADS, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        attended = _attended(query, key, value).transpose(1, 2).reshape(cells.shape)
        cells = cells + self.scale_attention * self.out(attended)
        cells = cells + self.scale_mlp * self.narrow(functional.gelu(self.widen(self.norm_mlp(cells))))
        y = cells.transpose(1, 2).reshape(batch, channels, height, width)
        return cast(Tensor, y.contiguous(memory_format=torch.channels_last))


def _attended(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(B, heads, N, d) each: attention; in bfloat16 on a CPU two products are twice as fast as torch's own kernel."""
    if query.dtype != torch.bfloat16 or query.is_cuda:
        return functional.scaled_dot_product_attention(query, key, value)
    similarity = query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2)
    return torch.softmax(similarity, -1) @ value


def start_small(layer: nn.Conv2d | nn.Linear) -> None:
    """Small weights, so that training begins near a network without this layer."""
    nn.init.normal_(layer.weight, std=0.02)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

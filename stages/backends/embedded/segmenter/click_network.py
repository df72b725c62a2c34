"""The click network: a picture and maps of hints to a mask and how good it is.

EfficientNet-Lite0 (ImageNet), into whose first layer the maps of hints are added, and a light decoder that meets the
hints again at every scale. It learns from a batch of pictures like any network; :func:`for_inference` makes it fast.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.backends.embedded.features.precision import fast_precisions
from stages.backends.embedded.segmenter.layers import (
    ConvNorm,
    GlobalAttention,
    InvertedResidual,
    SimilarityMaps,
    start_small,
)

MAPS = ("positive", "negative", "trace", "box", "prior", "has_prior")
"""Channels of the maps of hints, in order; see :mod:`stages.backends.embedded.segmenter.prompt_maps`."""
MULTIPLE = 32
"""Sides of pictures are multiples of this."""
POSITIVE, NEGATIVE, TRACE, BOX, PRIOR, HAS_PRIOR = range(len(MAPS))
_STEM = 32
_FUSED_ERROR = 0.05
"""In logits; fused layers round as the others do where torch is the one they were tested with."""
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, kernel, stride of the first block, expansion ratio, channels."""
_TAPS = (0, 2, 4, 10, 15)
_ENCODED = (16, 24, 40, 112, 320)
"""Blocks whose maps the decoder takes, at strides 2, 4, 8, 16 and 32, and their channels."""
_C2, _C4, _C8, _C16 = 24, 64, 96, 160
"""The decoder's channels by stride."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the network says of a batch.

    Attributes:
        logits: (B, 1, h, w) float32 at the picture's size.
        coarse_logits: (B, 1, h / 8, w / 8), on which training puts a second loss.
        quality: (B,) logits of the expected intersection over union.
    """

    logits: Tensor
    coarse_logits: Tensor
    quality: Tensor


class ClickNetwork(nn.Module):
    """See the module; 3.86 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.prompts = ConvNorm(len(MAPS), 24, 3, 2)
        self.prompts_out = nn.Conv2d(24, _STEM, 1)
        start_small(self.prompts_out)
        self.decoder = Decoder()

    def forward(self, pictures: Tensor, maps: Tensor) -> Answer:
        """Segment a batch.

        Args:
            pictures: (B, 3, h, w) float, RGB as (value - 127) / 128; sides are multiples of ``MULTIPLE``.
            maps: (B, 6, h, w) float in [0, 1], channels as ``MAPS``.
        """
        levels = self.encoder(pictures, self.prompts_out(self.prompts(maps)))
        return cast(Answer, self.decoder(levels, maps))


class Encoder(nn.Module):
    """EfficientNet-Lite0 without its head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(3, _STEM, 3, 2)
        self.blocks = nn.ModuleList()
        channels = _STEM
        for n_blocks, kernel, stride, ratio, out in _STAGES:
            for number in range(n_blocks):
                self.blocks.append(InvertedResidual(channels, out, kernel, 1 if number else stride, ratio))
                channels = out

    def forward(self, pictures: Tensor, prompts: Tensor) -> list[Tensor]:
        """(B, 3, h, w) pictures and (B, 32, h / 2, w / 2) prompts → maps at strides 2, 4, 8, 16 and 32."""
        x = self.stem(pictures, prompts)
        levels = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in _TAPS:
                levels.append(x)
        return levels


class Decoder(nn.Module):
    """From stride 32 up to stride 2, with the maps of hints at strides 16, 8 and 4."""

    def __init__(self) -> None:
        super().__init__()
        e2, e4, e8, e16, e32 = _ENCODED
        self.in5, self.in4, self.in3 = ConvNorm(e32, _C16), _plain(e16, _C16), _plain(e8, _C8)
        self.in2, self.in1 = _plain(e4, _C4), _plain(e2, _C2)
        self.maps4, self.maps3, self.maps2 = (nn.Conv2d(len(MAPS), c, 3, 1, 1) for c in (_C16, _C8, _C4))
        self.whole = nn.Linear(_C16, _C16)
        self.mix4 = nn.Sequential(ConvNorm(_C16, _C16, 5, groups=_C16), ConvNorm(_C16, _C16))
        self.likeness4, self.likeness3 = SimilarityMaps(_C16), SimilarityMaps(_C8)
        self.attention = nn.ModuleList([GlobalAttention(_C16), GlobalAttention(_C16)])
        self.down3, self.down2, self.down1 = _plain(_C16, _C8), _plain(_C8, _C4), _plain(_C4, _C2)
        self.mix3 = nn.Sequential(ConvNorm(_C8, _C8, 3), ConvNorm(_C8, _C8, 3))
        self.mix2 = ConvNorm(_C4, _C4, 3)
        self.mix1 = nn.Sequential(ConvNorm(_C2, _C2, 3), ConvNorm(_C2, _C2, 3))
        self.head, self.coarse_head = nn.Conv2d(_C2, 1, 1), nn.Conv2d(_C8, 1, 1)
        self.judge = nn.Sequential(nn.Linear(3 * _C8 + 3, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, levels: list[Tensor], maps: Tensor) -> Answer:
        """Maps of the encoder and (B, 6, h, w) maps of hints → the answer."""
        c1, c2, c3, c4, c5 = levels
        at4 = _strongest(_strongest(maps))
        at8, at16 = functional.avg_pool2d(at4, 2), functional.avg_pool2d(at4, 4)
        context = self.in5(c5)
        context = context + self.whole(context.mean((2, 3)))[:, :, None, None]
        x = functional.relu6(self.in4(c4) + _enlarged(context, c4) + self.maps4(at16))
        x = self.likeness4(functional.dropout2d(x, 0.1, self.training), _marks(at16))
        for layer in self.attention:
            x = layer(x)
        x = x + self.mix4(x)
        x = functional.relu6(_enlarged(self.down3(x), c3) + self.in3(c3) + self.maps3(at8))
        things = self.mix3(self.likeness3(x, _marks(at8)))
        x = functional.relu6(_enlarged(self.down2(things), c2) + self.in2(c2) + self.maps2(at4))
        x = functional.relu6(_enlarged(self.down1(self.mix2(x)), c1) + self.in1(c1))
        logits = self.head(self.mix1(x)).float()
        return Answer(_enlarged(logits, maps), self.coarse_head(things), self._judged(logits, things))

    def _judged(self, logits: Tensor, things: Tensor) -> Tensor:
        """The quality; it sends no gradient into the rest of the network."""
        mask = functional.avg_pool2d(torch.sigmoid(logits.detach()), 4)
        seen = things.detach().float()
        edge = mask * (1 - mask)
        area = mask.sum((2, 3)) + 1e-3
        inside = (seen * mask).sum((2, 3)) / area
        rim = (seen * edge).sum((2, 3)) / (edge.sum((2, 3)) + 1e-3)
        facts = torch.cat([mask.mean((2, 3)), edge.sum((2, 3)) / area, mask.amax((2, 3))], 1)
        told = torch.cat([inside, rim, seen.mean((2, 3)), facts], 1)
        judged: Tensor = self.judge(told)[:, 0]
        return judged


def for_inference(network: ClickNetwork, device: torch.device, precision: torch.dtype) -> ClickNetwork:
    """A frozen copy: batch norms folded into the convolutions, weights channels-last.

    Args:
        network: trained or not; it stays as it is.
        device: where the copy goes.
        precision: of pictures, maps and most layers; what decides between likes is computed in float32.
    """
    frozen = copy.deepcopy(network).eval()
    for module in frozen.modules():
        if isinstance(module, ConvNorm):
            module.fold()
    frozen.to(precision)
    for exact in (frozen.decoder.likeness4, frozen.decoder.likeness3, frozen.decoder.judge):
        cast(nn.Module, exact).float()
    frozen.requires_grad_(False)
    frozen.to(memory_format=torch.channels_last)
    frozen.to(device)
    if fast_precisions(device):
        _fuse_layers(frozen, precision)
    return frozen


@torch.inference_mode()
def _fuse_layers(network: ClickNetwork, precision: torch.dtype) -> None:
    """Let layers compute in one pass if they agree with themselves: what torch does not document may change."""
    layers = [module for module in network.modules() if isinstance(module, ConvNorm)]
    picture = torch.linspace(-1, 1, 3 * 64 * 64).reshape(1, 3, 64, 64).to(precision)
    maps = torch.zeros(1, len(MAPS), 64, 64, dtype=precision)
    expected = network(picture, maps).logits
    with suppress(RuntimeError, AttributeError, TypeError, ValueError):
        for layer in layers:
            layer.fuse(on=True)
        if torch.allclose(network(picture, maps).logits, expected, atol=_FUSED_ERROR):
            return
    for layer in layers:
        layer.fuse(on=False)


def _plain(channels: int, out: int) -> ConvNorm:
    return ConvNorm(channels, out, active=False)


def _marks(maps: Tensor) -> Tensor:
    """(B, 3, h, w): what is on the object, what is off it, and what the prior holds."""
    return torch.stack([maps[:, POSITIVE] + 0.5 * maps[:, TRACE], maps[:, NEGATIVE], maps[:, PRIOR]], 1)


def _strongest(maps: Tensor) -> Tensor:
    """The maximum of every 2 x 2 cells, ten times as fast as torch's own on channels-last maps."""
    rows = torch.maximum(maps[:, :, 0::2], maps[:, :, 1::2])
    return torch.maximum(rows[..., 0::2], rows[..., 1::2])


def _enlarged(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)

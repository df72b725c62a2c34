"""In which arithmetic the backbone computes on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from stages.backends.devices import fast_precision, wants_exact_arithmetic


@dataclass(frozen=True, slots=True)
class Precision:
    """Of a network whose layers are fused.

    Attributes:
        dtype: of maps between blocks, and of early blocks.
        int8: late blocks compute in int8.
    """

    dtype: torch.dtype
    int8: bool


def fast_precisions(device: torch.device) -> list[Precision]:
    """The arithmetic that is faster than plain float32 here, the best first; none on a GPU.

    int8 needs VNNI: elsewhere its sums saturate.

    Raises:
        ValueError: ``POINTVOS_PRECISION`` holds something unknown.
    """
    if wants_exact_arithmetic() or device.type != "cpu" or not hasattr(torch.ops.mkldnn, "_convolution_pointwise"):
        return []
    dtype = fast_precision(device)
    has_vnni: Callable[[], bool] = getattr(torch.cpu, "_is_vnni_supported", bool)
    int8 = [Precision(dtype, int8=True)] if hasattr(torch.ops.onednn, "qconv_pointwise") and has_vnni() else []
    return int8 if dtype == torch.float32 else [*int8, Precision(dtype, int8=False)]

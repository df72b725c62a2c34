"""``sam_vit_b|l|h``: Segment Anything.

Source: https://github.com/facebookresearch/segment-anything (Kirillov et al., ICCV 2023), Apache-2.0, package
``segment-anything`` 1.0. The checkpoint must lie in the cache (``pointvos models fetch``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from segment_anything import sam_model_registry

from schemas.prompts import Prompt
from stages.backends.checkpoints import require_checkpoint
from stages.backends.devices import pick_device
from stages.backends.sam.refinement import answered
from stages.backends.sam.scene import SamScene
from stages.backends.segmenter import Segment
from stages.backends.weights import load_weights


class SamSegmenter:
    """Segment Anything with a loaded model."""

    def __init__(self, name: str, model: Any, precision: torch.dtype | None = None) -> None:
        """Wrap a ``segment_anything`` model on its device.

        Args:
            name: registry key.
            model: ``segment_anything.modeling.Sam``, frozen.
            precision: of the image encoder under autocast; None for full precision.
        """
        self.name = name
        self._model = model
        self._precision = precision

    @torch.inference_mode()
    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        """See :meth:`stages.backends.segmenter.Segmenter.segment`."""
        return answered(SamScene(self._model, image, self._precision), prompts)


def load_sam(name: str, device: str, checkpoint: Path | None = None) -> SamSegmenter:
    """Load ``sam_vit_b``, ``sam_vit_l`` or ``sam_vit_h``.

    Args:
        name: registry key.
        device: ``auto``, ``cpu`` or ``cuda[:n]``.
        checkpoint: a file of weights; the one in the cache when it is None.

    Raises:
        CheckpointError: the checkpoint is not in the cache, or damaged.
        WeightsError: the file does not fit the architecture.
    """
    place = pick_device(device)
    path = checkpoint or require_checkpoint(name)
    model = sam_model_registry[name.removeprefix("sam_")]()
    load_weights(model, path, name)
    return SamSegmenter(name, model.to(place), _half_precision(place))


def _half_precision(device: torch.device) -> torch.dtype | None:
    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16

"""SAM 2.1, EdgeTAM and the tracker of SAM 3 as segmenters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from schemas.prompts import Prompt
from stages.backends.devices import pick_device
from stages.backends.sam.refinement import answered
from stages.backends.sam2.networks import FAMILIES, load_network
from stages.backends.sam2.scene import Sam2Scene
from stages.backends.segmenter import Segment


class Sam2Segmenter:
    """A network for images, loaded and frozen."""

    def __init__(self, name: str, network: Any) -> None:
        """Wrap a network that lies on its device.

        Args:
            name: registry key.
            network: of the ``image`` class of ``FAMILIES[name]``.
        """
        self.name = name
        self._network = network

    @torch.inference_mode()
    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        """See :meth:`stages.backends.segmenter.Segmenter.segment`."""
        return answered(Sam2Scene(self._network, FAMILIES[self.name], image), prompts)


def load_segmenter(name: str, device: str, source: Path | None = None) -> Sam2Segmenter:
    """Load a segmenter of the family.

    Args:
        name: registry key.
        device: ``auto``, ``cpu`` or ``cuda[:n]``.
        source: weights; those in the cache when it is None.

    Raises:
        CheckpointError: packages or weights are missing, or the weights are damaged.
        WeightsError: the file does not fit the architecture.
    """
    place = pick_device(device)
    return Sam2Segmenter(name, load_network(name, "image", source).to(place))

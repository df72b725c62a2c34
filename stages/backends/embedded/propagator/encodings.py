"""What the embedded propagator knows of a frame before it knows any object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stages.backends.embedded.features.cells import COARSE_STRIDE, coarse_cells, fine_cells, halve
from stages.backends.embedded.features.grids import Grid
from stages.backends.embedded.features.guided_filter import GuidedFilter
from stages.backends.embedded.features.ridge import Background
from stages.resize import resize

EDGE_STRIDE = 4
"""The linear models of the edges are fitted on cells of this stride."""


@dataclass(frozen=True, eq=False)
class FrameEncoding:
    """One frame at its working size.

    Attributes:
        image: (grid.height, grid.width, 3) uint8 RGB.
        maps: (rows, columns, channels) float32 feature maps by level, ``b0`` halved.
        coarse: (N8, 472) float32 descriptors of stride 8.
        fine: (N4, 89) float32 descriptors of stride 4.
        grey: (grid.height / 2, grid.width / 2) uint8, for the flow.
        edges: the guided filter of the image.
    """

    image: NDArray[np.uint8]
    maps: Mapping[str, Tensor]
    coarse: Tensor
    fine: Tensor
    grey: NDArray[np.uint8]
    edges: GuidedFilter

    @staticmethod
    def of(image: NDArray[np.uint8], maps: Mapping[str, Tensor], radius: int, epsilon: float) -> FrameEncoding:
        """Assemble the encoding of a frame at its working size from its feature maps, ``b0`` halved or not."""
        grid = Grid(*image.shape[:2])
        if maps["b0"].shape[0] > maps["b2"].shape[0]:
            maps = {**maps, "b0": halve(maps["b0"])}
        small = resize(image, (grid.height // 2, grid.width // 2), cv2.INTER_AREA)
        return FrameEncoding(
            image=image,
            maps=maps,
            coarse=coarse_cells(maps, grid),
            fine=fine_cells(maps, image, grid),
            grey=np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8),
            edges=GuidedFilter(image, radius, epsilon, EDGE_STRIDE),
        )

    @property
    def grid(self) -> Grid:
        """The working size."""
        return Grid(*self.image.shape[:2])

    @cached_property
    def background(self) -> Background:
        """The whole frame as background, in coarse cells; measured when the first object asks for it."""
        return Background.of(self.coarse, self.grid.shape(COARSE_STRIDE))

    @cached_property
    def fine_background(self) -> Background:
        """The whole frame as background, in fine cells."""
        return Background.of(self.fine, self.grid.shape(COARSE_STRIDE // 2))

    def pack(self) -> dict[str, NDArray[Any]]:
        """The image and the feature maps in half precision; the descriptors are assembled again from them."""
        arrays = {level: values.half().cpu().numpy() for level, values in self.maps.items()}
        return {"image": self.image, **arrays}

    @staticmethod
    def unpack(arrays: Mapping[str, NDArray[Any]], device: torch.device, radius: int, epsilon: float) -> FrameEncoding:
        """Inverse of :meth:`pack`, up to half precision."""
        maps = {
            level: torch.from_numpy(values).to(device).float() for level, values in arrays.items() if level != "image"
        }
        return FrameEncoding.of(arrays["image"], maps, radius, epsilon)

"""The memory network as a propagator: it starts from masks, or from points, and its memory is bounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stages.backends.confidence import estimates
from stages.backends.embedded.features.backbone import Backbone
from stages.backends.embedded.features.grids import FAST_PIXELS, Grid, to_cells, working_grid
from stages.backends.memory_network.evidence import Evidence, corrected, of_masks, of_points
from stages.backends.memory_network.features import FINE, Maps, batch_of, feature_maps, pack, unpack
from stages.backends.memory_network.memory_frames import MemoryFrames
from stages.backends.memory_network.network import MemoryNetwork, Seen, from_points
from stages.backends.propagator import Estimate


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """A frame: its feature maps and its own size in pixels."""

    maps: Maps
    grid: Grid


class MemoryPropagator:
    """The model of every session."""

    def __init__(self, name: str, backbone: Backbone, network: MemoryNetwork, pixels: int = FAST_PIXELS) -> None:
        self.name = name
        self._backbone = backbone
        self._network = network
        self._pixels = pixels

    def open(self, height: int, width: int) -> MemorySession:
        """A new session for frames of ``height`` x ``width`` pixels."""
        return MemorySession(self.name, self._network, height, width)

    def encode(self, image: NDArray[np.uint8]) -> Maps:
        """Feature maps of a (H, W, 3) uint8 RGB frame."""
        grid = working_grid(image.shape[0], image.shape[1], self._pixels)
        return feature_maps(self._backbone, image, grid)

    def pack(self, encoding: Maps) -> dict[str, NDArray[Any]]:
        """The feature maps in half precision."""
        return pack(encoding)

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> Maps:
        """Inverse of :meth:`pack`, exactly."""
        return unpack(arrays, self._backbone.device)


class MemorySession:
    """The objects of one direction through one video."""

    def __init__(self, name: str, network: MemoryNetwork, height: int, width: int) -> None:
        self._name, self._network = name, network
        self._size = height, width
        self._objects: dict[str, MemoryFrames] = {}
        self._keys: dict[int, Tensor] = {}
        self._number = 0
        self._seen: Seen | None = None
        self._masks: dict[str, Tensor] = {}

    @torch.no_grad()
    def start(self, encoding: Maps, masks: Mapping[str, NDArray[np.bool_]]) -> None:
        """Add or correct objects; see :class:`~stages.backends.propagator.PropagationSession`.

        Raises:
            ValueError: a new object's mask is empty.
        """
        for object_id, mask in masks.items():
            if object_id not in self._objects and not mask.any():
                raise ValueError(f"object {object_id!r} starts with an empty mask")
        seen = self._encode_frame(encoding)
        grid = _grid(encoding)
        for object_id, mask in masks.items():
            cells = torch.from_numpy(to_cells(mask, grid, FINE)).to(seen.key.device)
            self._masks[object_id] = cells
            self._objects.setdefault(object_id, MemoryFrames())
        self._remember(seen, list(masks), of_masks(self._stacked()), is_anchor=True)

    @torch.no_grad()
    def start_from_points(
        self, encoding: Maps, points: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int8]]]
    ) -> dict[str, Estimate]:
        """Add objects by points on this frame, which is segmented from them first.

        Args:
            encoding: of the frame.
            points: by object, (N, 2) pixel indices of the frame, x first, and (N,) labels, 1 on the object and 0 off
                it; at least one is on it.

        Returns:
            The masks that were drawn.

        Raises:
            ValueError: an object has no point on it.
        """
        for object_id, (_, labels) in points.items():
            if not (labels == 1).any():
                raise ValueError(f"object {object_id!r} has no point on it")
        seen = self._encode_frame(encoding)
        evidence = _evidence(points, self._size, _grid(encoding), seen.key.device)
        probabilities = torch.sigmoid(2 * from_points(self._network, seen, evidence))
        own = corrected(probabilities, evidence).own[0]
        self._masks |= dict(zip(points, own, strict=True))
        for object_id in points:
            self._objects.setdefault(object_id, MemoryFrames())
        self._remember(seen, list(points), of_masks(self._stacked()), is_anchor=True)
        return estimates(self._name, points, own)

    @torch.no_grad()
    def step(self, encoding: Maps) -> dict[str, Estimate]:
        """Find every object on the next frame.

        Raises:
            RuntimeError: no object was started.
        """
        if not self._objects:
            raise RuntimeError("step() before start()")
        self._number += 1
        self._seen = None
        seen = self._encode_frame(encoding)
        self._masks = dict(zip(self._objects, self._found(seen), strict=True))
        found = estimates(self._name, self._masks, torch.stack(list(self._masks.values())))
        self._remember(seen, list(self._objects), of_masks(self._stacked()), is_anchor=False)
        return found

    def _encode_frame(self, encoding: Maps) -> Seen:
        if self._seen is None:
            self._seen = self._network.see(batch_of([encoding]))
        return self._seen

    def _found(self, seen: Seen) -> Tensor:
        """(O, rows, columns) probabilities; objects with the same frames in memory are asked together."""
        answers: dict[str, Tensor] = {}
        groups: dict[tuple[int, ...], list[str]] = {}
        for object_id, one in self._objects.items():
            groups.setdefault(tuple(one.values()), []).append(object_id)
        for frames, members in groups.items():
            keys = torch.cat([self._keys[number] for number in frames], dim=1)[None]
            values = torch.stack([torch.cat(list(self._objects[i].values().values()), dim=1) for i in members])[None]
            gaps = torch.tensor([[self._number - number for number in frames]], device=keys.device)
            logits = self._network.decode(seen, self._network.read(seen, keys, values, gaps))[0]
            answers |= dict(zip(members, torch.sigmoid(2 * logits), strict=True))  # as soft aggregation of one
        return torch.stack([answers[object_id] for object_id in self._objects])

    def _stacked(self) -> Tensor:
        return torch.stack([self._masks[object_id] for object_id in self._objects])[None]

    def _remember(self, seen: Seen, object_ids: list[str], evidence: Evidence, is_anchor: bool) -> None:
        values = dict(zip(self._objects, self._network.remember(evidence)[0].flatten(2), strict=True))
        for object_id in object_ids:
            one = self._objects[object_id]
            (one.anchor if is_anchor else one.pass_on)(self._number, values[object_id])
        self._keys[self._number] = seen.key[0].flatten(1)
        used = {number for one in self._objects.values() for number in one.values()}
        self._keys = {number: keys for number, keys in self._keys.items() if number in used}


def _grid(encoding: Maps) -> Grid:
    rows, columns = encoding["b2"].shape[-2:]
    return Grid(rows * FINE, columns * FINE)


def _evidence(
    points: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int8]]],
    size: tuple[int, int],
    grid: Grid,
    device: torch.device,
) -> Evidence:
    most = max(len(labels) for _, labels in points.values())
    xy, labels = np.zeros((1, len(points), most, 2), np.float32), np.full((1, len(points), most), -1, np.int8)
    scale = np.array([grid.width / size[1], grid.height / size[0]])
    for number, (at, own) in enumerate(points.values()):
        xy[0, number, : len(own)] = (at + 0.5) * scale - 0.5
        labels[0, number, : len(own)] = own
    return of_points(
        torch.from_numpy(xy).to(device), torch.from_numpy(labels).to(device), (grid.height, grid.width), FINE
    )

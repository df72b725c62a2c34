"""One image as a network of the SAM 2 family sees it: embedded once, asked many times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stages.backends.sam.queries import Answer, Array, Query, certain_logits
from stages.backends.sam2.frames import autocast, normalized, side_of, squared
from stages.backends.sam2.networks import Family

_CORNERS = (2, 3)
"""Labels of a box's first and second corner, which are points to these networks."""
_MOST = 32.0
"""Logits of the last answer are kept within these as a query's mask."""


class Sam2Scene:
    """An embedded image. The image encoder runs once, here."""

    def __init__(self, network: Any, family: Family, image: NDArray[np.uint8]) -> None:
        """Embed a (H, W, 3) uint8 RGB image."""
        self._network = network
        self._size = image.shape[:2]
        self._side = side_of(network)
        with autocast(network.device):
            pixels = normalized(squared(image, self._side), family, network.device)
            self._levels = [level.float() for level in network.get_image_embeddings(pixels)]

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """Decode queries of the same make-up together; see :meth:`stages.backends.sam.queries.Scene.ask`."""
        alike: dict[tuple[int, bool, bool, bool], list[int]] = defaultdict(list)
        for i, query in enumerate(queries):
            make_up = (len(query.labels), query.box_px is None, query.logits is None, query.is_ambiguous)
            alike[make_up].append(i)
        answers: dict[int, Answer] = {}
        for places in alike.values():
            answers |= zip(places, self._decoded([queries[i] for i in places]), strict=True)
        return [answers[i] for i in range(len(queries))]

    def logits_of(self, mask: NDArray[np.bool_]) -> Tensor:
        """See :meth:`stages.backends.sam.queries.Scene.logits_of`."""
        given = torch.tensor(mask, dtype=torch.float32, device=self._network.device)[None, None]
        size = tuple(self._network.prompt_encoder.mask_input_size)
        share = functional.interpolate(given, size, mode="bilinear", align_corners=False, antialias=True)
        return certain_logits(share[0, 0].clamp(0, 1))

    def _decoded(self, queries: Sequence[Query]) -> list[Answer]:
        """Answers to queries with as many points each, all or none with a box, all or none with a mask."""
        first, n = queries[0], len(queries)
        points = self._tensor(np.stack([self._points(query) for query in queries]))[:, None]
        labels = torch.tensor(np.stack([_labels(query) for query in queries]), device=points.device)[:, None]
        masks = None
        if first.logits is not None:
            masks = torch.stack([query.logits for query in queries if query.logits is not None])[:, None]
        none = points.shape[2] == 0
        found = self._network(
            image_embeddings=[level.expand(n, -1, -1, -1) for level in self._levels],
            input_points=None if none else points,
            input_labels=None if none else labels,
            input_masks=None if masks is None else masks.clamp(-_MOST, _MOST),
            multimask_output=first.is_ambiguous,
        )
        ious, rows = found.iou_scores[:, 0], torch.arange(n, device=points.device)
        chosen = ious.argmax(dim=1)
        low, best = found.pred_masks[:, 0][rows, chosen].float(), ious[rows, chosen]
        full = functional.interpolate(low[:, None], self._size, mode="bilinear", align_corners=False)[:, 0]
        return [Answer(full[i], low[i], float(best[i])) for i in range(n)]

    def _points(self, query: Query) -> Array:
        """(M, 2) float32 on the square: the box's corners, then the points."""
        corners = np.zeros((0, 2)) if query.box_px is None else np.asarray(query.box_px).reshape(2, 2)
        height, width = self._size
        moved = np.concatenate([corners, query.points_px]) * (self._side / width, self._side / height)
        return moved.astype(np.float32)

    def _tensor(self, values: Array) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._network.device)


def _labels(query: Query) -> NDArray[np.int32]:
    corners = () if query.box_px is None else _CORNERS
    return np.array([*corners, *query.labels], dtype=np.int32)

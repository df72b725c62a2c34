"""One image as Segment Anything sees it: embedded once, asked many times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from segment_anything import SamPredictor
from torch import Tensor
from torch.nn import functional

from stages.backends.sam.queries import Answer, Array, Query, certain_logits


class SamScene:
    """An embedded image. The image encoder runs once, here."""

    def __init__(self, model: Any, image: NDArray[np.uint8], precision: torch.dtype | None) -> None:
        """Embed a (H, W, 3) uint8 RGB image; in ``precision`` under autocast, or in full precision when it is None."""
        self._model = model
        self._predictor = SamPredictor(model)
        with torch.autocast(model.device.type, dtype=precision, enabled=precision is not None):
            self._predictor.set_image(image)
        self._predictor.features = self._predictor.features.float()

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """Decode all queries in one batch; see :meth:`stages.backends.sam.queries.Scene.ask`."""
        sparse, dense = self._encode(queries)
        low, ious = self._model.mask_decoder.predict_masks(
            image_embeddings=self._predictor.features,
            image_pe=self._model.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
        )
        ambiguous = torch.tensor([query.is_ambiguous for query in queries], device=ious.device)
        chosen = torch.where(ambiguous, ious[:, 1:].argmax(dim=1) + 1, 0)
        rows = torch.arange(len(queries), device=ious.device)
        low, ious = low[rows, chosen], ious[rows, chosen]
        full = self._model.postprocess_masks(low[:, None], self._predictor.input_size, self._predictor.original_size)
        return [Answer(full[i, 0], low[i], float(ious[i])) for i in range(len(queries))]

    def logits_of(self, mask: NDArray[np.bool_]) -> Tensor:
        """(S/4, S/4) float32 logits of a (H, W) mask: what a query may bring along as ``logits``."""
        given = torch.tensor(mask, dtype=torch.float32, device=self._model.device)[None, None]
        height, width = self._predictor.input_size
        side = self._model.image_encoder.img_size
        resized = functional.interpolate(given, (height, width), mode="bilinear", align_corners=False)
        square = functional.pad(resized, (0, side - width, 0, side - height))
        share = functional.adaptive_avg_pool2d(square, self._model.prompt_encoder.mask_input_size)[0, 0]
        return certain_logits(share)

    def _encode(self, queries: Sequence[Query]) -> tuple[Tensor, Tensor]:
        """Prompt embeddings of a mixed batch: what a query lacks is embedded as "no point" and "no mask"."""
        encoder = self._model.prompt_encoder
        sparse, dense = encoder(points=self._points(queries), boxes=self._boxes(queries), masks=_masks(queries))
        no_box = [i for i, query in enumerate(queries) if query.box_px is None]
        if no_box and len(no_box) < len(queries):
            sparse[no_box, -2:] = encoder.not_a_point_embed.weight
        no_mask = [i for i, query in enumerate(queries) if query.logits is None]
        if no_mask and len(no_mask) < len(queries):
            dense[no_mask] = encoder.no_mask_embed.weight.reshape(-1, 1, 1)
        return sparse, dense.expand(len(queries), *dense.shape[1:])

    def _points(self, queries: Sequence[Query]) -> tuple[Tensor, Tensor] | None:
        """(B, N, 2) points in input pixels and (B, N) labels, padded with label -1."""
        most = max(len(query.labels) for query in queries)
        if not most:
            return None
        points = np.zeros((len(queries), most, 2), dtype=np.float32)
        labels = np.full((len(queries), most), -1, dtype=np.float32)
        for i, query in enumerate(queries):
            points[i, : len(query.labels)] = query.points_px
            labels[i, : len(query.labels)] = query.labels
        moved = self._predictor.transform.apply_coords(points, self._predictor.original_size)
        return self._tensor(moved), self._tensor(labels)

    def _boxes(self, queries: Sequence[Query]) -> Tensor | None:
        """(B, 4) boxes in input pixels, zeros where a query has none."""
        if all(query.box_px is None for query in queries):
            return None
        boxes = np.stack([np.zeros(4) if query.box_px is None else query.box_px for query in queries])
        return self._tensor(self._predictor.transform.apply_boxes(boxes, self._predictor.original_size))

    def _tensor(self, values: Array) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=self._model.device)


def _masks(queries: Sequence[Query]) -> Tensor | None:
    """(B, 1, S/4, S/4) mask logits, zeros where a query has none."""
    given = [query.logits for query in queries if query.logits is not None]
    if not given:
        return None
    return torch.stack([torch.zeros_like(given[0]) if q.logits is None else q.logits for q in queries])[:, None]

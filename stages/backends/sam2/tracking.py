"""One frame for several objects of the SAM 2 family at once: their memories lie side by side in one batch.

transformers runs the objects of a session one after the other. Starting many small products takes a GPU longer than
computing them, so objects whose memories have one size go through memory attention, mask decoder and memory encoder
together here.
The steps and their order are those of ``Sam2VideoModel`` of transformers (Ravi et al., "SAM 2: Segment Anything in
Images and Videos", 2024), whose own code does not process a batch of objects correctly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from stages.backends.sam2.memory import MemoryReadout, ObjectMemory
from stages.backends.sam2.networks import Family

_ABSENT = -1024.0
"""The logits of a mask that is not on the frame, as the networks were trained."""
_NO_POINT = -1


def track_together(
    network: Any, family: Family, memories: Sequence[ObjectMemory], number: int, features: Any, at_once: int
) -> tuple[Tensor, Tensor]:
    """Find objects on frame ``number`` and remember what was found.

    Args:
        network: of the ``video`` class of the family.
        family: of the network.
        memories: of n objects, each with a given mask on an earlier frame.
        number: of the frame.
        features: of the frame, as in :class:`~stages.backends.sam2.propagator.SquareFrame`.
        at_once: so many objects at most share a batch.

    Returns:
        (n, 1, h, w) logits of the masks, and (n,) logits that the objects are there.
    """
    readouts = [memory.recall(number) for memory in memories]
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, one in enumerate(readouts):
        alike[len(one.tokens), one.n_pointer_tokens].append(place)
    found: dict[int, tuple[Tensor, Tensor]] = {}
    for places in alike.values():
        for start in range(0, len(places), at_once):
            batch = places[start : start + at_once]
            masks, presence = _tracked(
                network, family, [memories[i] for i in batch], [readouts[i] for i in batch], number, features
            )
            found |= {place: (masks[[row]], presence[row]) for row, place in enumerate(batch)}
    ordered = [found[place] for place in range(len(memories))]
    return torch.cat([masks for masks, _ in ordered]), torch.cat([presence.reshape(1) for _, presence in ordered])


def _tracked(
    network: Any,
    family: Family,
    memories: Sequence[ObjectMemory],
    readouts: Sequence[MemoryReadout],
    number: int,
    features: Any,
) -> tuple[Tensor, Tensor]:
    """(n, 1, h, w) masks and (n, 1, 1) presence of objects whose memories have one size."""
    levels, _ = features
    conditioned = _conditioned(network, family, readouts, features)
    sizes = network.backbone_feature_sizes
    fine = [
        level.permute(1, 2, 0).reshape(1, -1, *size).expand(len(memories), -1, -1, -1)
        for level, size in zip(levels[:-1], sizes[:-1], strict=True)
    ]
    masks, pointers, presence = _decoded(network, conditioned, fine)
    whole = functional.interpolate(masks.float(), (network.image_size,) * 2, mode="bilinear", align_corners=False)
    remembered, places = _encoded(network, family, levels[-1], whole.to(masks.dtype), presence)
    along = 0 if family.is_resampled else 1
    same_places = places.narrow(along, 0, 1).clone()
    for row, memory in enumerate(memories):
        memory.keep(
            number,
            object_pointer=pointers[[row]],
            object_score_logits=presence[[row]],
            maskmem_features=remembered.narrow(along, row, 1).clone(),  # of its own: they end with their object
            maskmem_pos_enc=same_places,
        )
    return masks, presence


def _conditioned(network: Any, family: Family, readouts: Sequence[MemoryReadout], features: Any) -> Tensor:
    """(n, C, h, w): the frame's coarsest features after they attended to each object's memory."""
    levels, positions = features
    n_spatial = {"num_spatial_memory_tokens": readouts[0].n_frames} if family.is_resampled else {}
    attended = network.memory_attention(
        current_vision_features=levels[-1].expand(-1, len(readouts), -1),
        current_vision_position_embeddings=positions[-1].expand(-1, len(readouts), -1),
        memory=torch.cat([one.tokens for one in readouts], dim=1),
        memory_posision_embeddings=torch.cat([one.positions for one in readouts], dim=1),
        num_object_pointer_tokens=readouts[0].n_pointer_tokens,
        **n_spatial,
    )
    height, width = network.backbone_feature_sizes[-1]
    found: Tensor = attended[0].transpose(1, 2).reshape(len(readouts), -1, height, width)
    return found


def _decoded(network: Any, conditioned: Tensor, fine: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """(n, 1, h, w) logits of the best masks, (n, 1, C) pointers to the objects, (n, 1, 1) logits of their presence."""
    n, device = len(conditioned), conditioned.device
    sparse, dense = network.prompt_encoder(
        input_points=torch.zeros(n, 1, 1, 2, dtype=conditioned.dtype, device=device),
        input_labels=torch.full((n, 1, 1), _NO_POINT, dtype=torch.int32, device=device),
        input_boxes=None,
        input_masks=None,
    )
    masks, scores, tokens, presence = network.mask_decoder(
        image_embeddings=conditioned,
        image_positional_embeddings=network.get_image_wide_positional_embeddings().repeat(n, 1, 1, 1),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=network._use_multimask(False, None),
        high_resolution_features=fine,
    )
    is_there = presence > 0
    every, best = torch.arange(n, device=device), scores[:, 0].argmax(dim=-1)
    chosen = torch.where(is_there, masks[every, 0, best], _ABSENT)[:, None]
    token = tokens[every, 0, best if tokens.shape[2] > 1 else 0][:, None]
    pointers = torch.where(is_there, network.object_pointer_proj(token), network.no_object_pointer)
    return chosen, pointers, presence


def _encoded(network: Any, family: Family, coarsest: Tensor, masks: Tensor, presence: Tensor) -> tuple[Tensor, Tensor]:
    """What is remembered of (n, 1, side, side) logits of masks; transformers resamples one object at a time."""
    at_once = 1 if family.is_resampled else len(masks)
    parts = [
        network._encode_new_memory(
            current_vision_feats=coarsest.expand(-1, len(own), -1),
            pred_masks_high_res=own,
            object_score_logits=there,
            is_mask_from_pts=False,
        )
        for own, there in zip(torch.split(masks, at_once), torch.split(presence, at_once), strict=True)
    ]
    along = 0 if family.is_resampled else 1
    return torch.cat([kept for kept, _ in parts], dim=along), torch.cat([places for _, places in parts], dim=along)

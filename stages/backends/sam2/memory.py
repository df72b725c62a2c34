"""What a network of the SAM 2 family remembers of one object, cut down to what its attention reads.

The sessions of transformers keep every frame, mask and memory of a video. Memory attention reads less: the frames
with a given mask, the features of the last few frames (``num_maskmem`` - 1) and the pointers of a few more
(``max_object_pointers_in_encoder`` - 1). Everything else is dropped after every frame, so that memory does not grow
with the video. Of the given masks the first and the latest stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stages.backends.sam2.networks import Family

GIVEN = 4
"""Frames with a given mask that are remembered; the number that SAM 2 was trained with."""
_OBJECT = 1
_NO_PIXELS = torch.empty(0)
_SEEN_ONCE = ("pred_masks", "high_res_masks")


@dataclass(frozen=True, slots=True, eq=False)
class MemoryReadout:
    """What memory attention reads of one object for one frame.

    Attributes:
        tokens: (n, 1, channels), the cells of remembered frames and then the pointers to the object.
        positions: (n, 1, channels), where and when each of them was.
        n_frames: remembered frames among them.
        n_pointer_tokens: of the pointers.
    """

    tokens: Tensor
    positions: Tensor
    n_frames: int
    n_pointer_tokens: int


class ObjectMemory:
    """One object of one session: a session of transformers with a single object.

    No object's memory depends on whether others get a mask on the same frame. Several are read at once, see
    :mod:`stages.backends.sam2.tracking`.
    """

    def __init__(self, network: Any, family: Family, height: int, width: int) -> None:
        import transformers

        device = network.device
        self._network = network
        self._session = getattr(transformers, family.session)(
            video=None, video_height=height, video_width=width, inference_device=device,
            inference_state_device=device, video_storage_device="cpu", dtype=torch.float32,
        )  # fmt: skip
        self._object = self._session.obj_id_to_idx(_OBJECT)

    @property
    def given_frames(self) -> tuple[int, ...]:
        """Numbers of the remembered frames on which the object was given."""
        return tuple(self._outputs["cond_frame_outputs"])

    @property
    def tracked_frames(self) -> tuple[int, ...]:
        """Numbers of the remembered frames on which it was tracked."""
        return tuple(self._outputs["non_cond_frame_outputs"])

    @property
    def n_bytes(self) -> int:
        """Bytes of all tensors that are kept."""
        session = self._session
        kept = (session.output_dict_per_obj, session.mask_inputs_per_obj, session.point_inputs_per_obj,
                session.processed_frames, session.cache._vision_features)  # fmt: skip
        stored = [tensor.untyped_storage() for tensor in _tensors(kept)]
        return sum({storage.data_ptr(): storage.nbytes() for storage in stored}.values())

    def give(self, number: int, features: Sequence[Any], mask: Tensor) -> None:
        """Take a (1, 1, side, side) mask as the truth on frame ``number``, also where the object was tracked already.

        Raises:
            RuntimeError: the network did not take the mask on this frame; it would track nothing from it.
        """
        for kind in self._outputs.values():
            kind.pop(number, None)
        self._session.frames_tracked_per_obj[self._object].clear()
        self._session.add_mask_inputs(self._object, number, mask)
        self._session.obj_with_new_inputs = [_OBJECT]
        self._run(number, features)

    def recall(self, number: int) -> MemoryReadout:
        """What memory attention reads to find the object on frame ``number``."""
        network, session, device = self._network, self._session, self._network.device
        frames = network._gather_memory_frame_outputs(session, self._object, number)
        cells, places = network._build_memory_attention_inputs(frames, device)
        ages, found, most = network._get_object_pointers(
            session, self._object, number, session.num_frames, device, streaming=True
        )
        pointers, moments = network._process_object_pointers(ages, found, most, 1, network.hidden_dim, device)
        tokens = torch.cat([*cells, pointers]).to(session.dtype)
        return MemoryReadout(tokens, torch.cat([*places, moments]), len(cells), len(pointers))

    def keep(self, number: int, **found: Tensor) -> None:
        """Remember what was found on frame ``number``, under the names of transformers."""
        self._outputs["non_cond_frame_outputs"][number] = found
        self._prune(number + 1)

    def _run(self, number: int, features: Sequence[Any]) -> None:
        levels, positions = features
        self._session.cache.cache_vision_features(number, {"vision_feats": levels, "vision_pos_embeds": positions})
        self._network(self._session, frame=_NO_PIXELS, frame_idx=number)
        if self._session.obj_with_new_inputs:
            raise RuntimeError(f"a mask was given for another frame than {number}; nothing would be tracked")
        self._prune(number + 1)

    @property
    def _outputs(self) -> dict[str, dict[int, dict[str, Any]]]:
        outputs: dict[str, dict[int, dict[str, Any]]] = self._session.output_dict_per_obj[self._object]
        return outputs

    def _prune(self, coming: int) -> None:
        """Drop what the attention of frame ``coming`` and those after it never reads."""
        config = self._network.config
        given, tracked = self._outputs["cond_frame_outputs"], self._outputs["non_cond_frame_outputs"]
        for number in list(given)[1 : 1 - GIVEN]:
            del given[number]
        for number in [number for number in tracked if number < coming - config.max_object_pointers_in_encoder + 1]:
            del tracked[number]
        for number, output in tracked.items():
            if number < coming - config.num_maskmem + 1:
                output.pop("maskmem_features", None)
                output.pop("maskmem_pos_enc", None)
        for output in (*given.values(), *tracked.values()):
            for name in _SEEN_ONCE:
                output.pop(name, None)
        self._session.frames_tracked_per_obj[self._object].clear()
        self._session.mask_inputs_per_obj[self._object].clear()
        self._session.cache.clear_all()
        self._session.processed_frames = None


def _tensors(values: Any) -> list[Tensor]:
    if isinstance(values, Tensor):
        return [values]
    parts = values.values() if isinstance(values, dict) else values if isinstance(values, (list, tuple)) else ()
    return [tensor for part in parts for tensor in _tensors(part)]

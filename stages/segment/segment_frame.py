"""All localizations of one frame to masks: one call of the segmenter, one mask or one reject an object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Localization
from schemas.object_masks import ObjectMask
from schemas.prompts import Prompt
from schemas.rejects import Reject
from stages.backends.segmenter import Segmenter
from stages.segment.negative_clicks import with_negative_clicks
from stages.segment.prompts import PromptError, to_prompt
from stages.segment.trace_prompts import loose_square

RIVAL_GAP = 0.04
"""Share of the frame's shorter side that lies between an object and a click on another that counts against it."""


def segment_frame(
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    localizations: Sequence[Localization],
    beside: Sequence[Localization] = (),
) -> tuple[dict[str, ObjectMask], list[Reject]]:
    """Segment every object that is localized on one frame.

    Args:
        segmenter: a loaded backend; called once, with the prompts of all objects that have no mask yet.
        image: (H, W, 3) uint8 RGB.
        localizations: of one video and one frame.
        beside: those of other objects of the frame, which are segmented another time; clicks on them count too.

    Returns:
        Masks by object id, in order of first mention, and rejects of objects that could not be segmented
        (stage ``segment``, key ``video/object@frame``).
    """
    by_object = _by_object(localizations)
    prompts, rejects = _prompts(by_object, image.shape[:2])
    all_prompts = _prompts(_by_object(beside), image.shape[:2])[0] | prompts
    groups = {localization.object_id: localization.group for localization in (*beside, *localizations)}
    opposed = with_negative_clicks(all_prompts, groups, RIVAL_GAP * min(image.shape[:2]))
    found = _answer(segmenter, image, by_object, {object_id: opposed[object_id] for object_id in prompts})
    for object_id in [key for key, segmented in found.items() if not segmented.mask.any()]:
        del found[object_id]
        detail = f"{segmenter.name} found nothing at the {prompts[object_id].kind}; give more clicks or a box"
        rejects.append(_reject(by_object[object_id][0], "empty_segment", detail))
    return found, rejects


def _by_object(localizations: Sequence[Localization]) -> dict[str, list[Localization]]:
    by_object: dict[str, list[Localization]] = defaultdict(list)
    for localization in localizations:
        by_object[localization.object_id].append(localization)
    return by_object


def _prompts(
    by_object: Mapping[str, list[Localization]], shape: tuple[int, ...]
) -> tuple[dict[str, Prompt], list[Reject]]:
    prompts: dict[str, Prompt] = {}
    rejects: list[Reject] = []
    for object_id, own in by_object.items():
        try:
            prompts[object_id] = to_prompt(own, shape[0], shape[1])
        except PromptError as error:
            rejects.append(_reject(own[0], error.reason, str(error)))
    return prompts, rejects


def _answer(
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    by_object: Mapping[str, list[Localization]],
    prompts: Mapping[str, Prompt],
) -> dict[str, ObjectMask]:
    open_prompts = [prompt for prompt in prompts.values() if prompt.mask is None]
    segments = iter(segmenter.segment(image, open_prompts) if open_prompts else [])
    found = {}
    for object_id, prompt in prompts.items():
        localization = by_object[object_id][0]
        place = (localization.video_id, object_id, localization.frame_idx)
        if prompt.mask is not None:
            found[object_id] = ObjectMask(*place, prompt.mask, "human", "", 1.0)
            continue
        segment = next(segments)
        quality = segment.quality * stroke_agreement(prompt, segment.mask)
        found[object_id] = ObjectMask(*place, segment.mask, "segmenter", segmenter.name, quality)
    return found


def stroke_agreement(prompt: Prompt, mask: NDArray[np.bool_]) -> float:
    """How well a mask fits the trace or scribble that asked for it, in [0, 1].

    A mask passes with 1 when at least half of the trace lies in it and at least half of it lies in the trace's
    loose square. Below a half each share counts twice, and the two are multiplied, so that a mask that fails goes
    to a person early in the queue instead of being lost.
    """
    if prompt.kind not in ("trace", "scribble") or not len(prompt.support_px) or not mask.any():
        return 1.0
    x, y = prompt.support_px.astype(np.int64).T
    trace_in_mask = float(mask[y, x].mean())
    x0, y0, x1, y1 = np.round(loose_square(prompt.support_px.astype(np.float64), *mask.shape)).astype(int)
    mask_in_square = float(mask[y0:y1, x0:x1].sum() / mask.sum())
    return min(1.0, 2 * trace_in_mask) * min(1.0, 2 * mask_in_square)


def _reject(localization: Localization, error: str, detail: str) -> Reject:
    key = f"{localization.video_id}/{localization.object_id}@{localization.frame_idx}"
    return Reject("segment", key, error, detail, localization.input_uri)

"""Masklets as SA-V keeps them: ``<video>_manual.json`` and ``<video>_auto.json``, one video a file.

``{"video_id", "video_frame_count", "masklet": [[run lengths of an object ...] ...], "masklet_id": [...]}``: the outer
list is over annotated frames, which are every fourth one (6 of 24 frames a second), the inner one over objects.

Source: the data format of SA-V (Ravi et al., "SAM 2: Segment Anything in Images and Videos").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from schemas.localizations import Localization, MaskHint
from stages.ingest.boxes import GROUP
from stages.ingest.errors import IngestError
from stages.ingest.fields import identifier, items, listed, mapping, number, text
from stages.ingest.parsed import Parsed
from stages.ingest.segmentations import read_mask

_STEP = 4


def is_masklets(document: Any) -> bool:
    """Whether a document is of this layout."""
    return isinstance(document, Mapping) and {"video_id", "masklet"} <= document.keys()


def parse(document: Any, input_uri: str) -> Parsed:
    """One localization for every object on every annotated frame where it is visible."""
    parsed = Parsed(input_uri)
    document = mapping(document, "an object with masklet")
    video_id, masklet = text(document, "video_id"), items(document, "masklet")
    step = _step(document, len(masklet))
    ids = [identifier(raw) for raw in listed(document.get("masklet_id", []), "masklet_id")]
    named: dict[str, None] = {}
    for place, masks in enumerate(masklet):
        for number_, mask in enumerate(listed(masks, "masks of a frame")):
            object_id = (ids[number_] if number_ < len(ids) else None) or str(number_)
            named[object_id] = None
            with parsed.entry(f"{video_id}/{object_id}@{place * step}"):
                if hint := _visible(mask, video_id, parsed):
                    parsed.localizations.append(
                        Localization(
                            video_id, object_id, place * step, hint, group=GROUP, rule="mask", input_uri=input_uri
                        )
                    )
    seen = {one.object_id for one in parsed.localizations}
    for object_id in (one for one in named if one not in seen):
        parsed.reject(f"{video_id}/{object_id}", "empty_mask", "no annotated frame has a usable mask of the object")
    return parsed


def _step(document: Mapping[str, Any], n_annotated: int) -> int:
    """Frames from one annotated frame to the next."""
    if not n_annotated or "video_frame_count" not in document:
        return _STEP
    n_frames = number(document["video_frame_count"], "video_frame_count")
    return _STEP if math.ceil(n_frames / _STEP) == n_annotated else max(round(n_frames / n_annotated), 1)


def _visible(mask: Any, key: str, parsed: Parsed) -> MaskHint | None:
    """The mask; None where the object is absent, with an empty mask or none."""
    if mask is None:
        return None
    try:
        return read_mask(mapping(mask, "run lengths"), None, key, parsed)
    except IngestError as problem:
        if problem.error == "empty_mask":
            return None
        raise

"""One object has one localization of a kind on a frame; clicks, a box and a scribble are used together."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.localizations import Localization
from schemas.rejects import Reject
from stages.ingest.parsed import STAGE

_TOGETHER = ("clicks", "box", "scribble")


def drop_duplicates(localizations: Iterable[Localization]) -> tuple[list[Localization], list[Reject]]:
    """Keep the first localization of every (video, object, frame), and one each where clicks, boxes, scribbles meet.

    Returns:
        What is kept, in order, and rejects: ``duplicate_entry`` (the same again) or ``conflicting_entries`` (other
        geometry).
    """
    kept: dict[tuple[str, str, int | str, str], Localization] = {}
    rejects = []
    for one in localizations:
        kind = one.hint.kind if one.hint.kind in _TOGETHER else ""
        first = kept.setdefault((one.video_id, one.object_id, one.frame_name or one.frame_idx, kind), one)
        if first is not one:
            rejects.append(_reject(one, first))
    return list(kept.values()), rejects


def _reject(one: Localization, first: Localization) -> Reject:
    where = f"object {one.object_id!r} on frame {one.frame_name or one.frame_idx}"
    error, detail = "duplicate_entry", f"{where} is given twice in the same way; the first is used"
    if one.hint != first.hint:
        error = "conflicting_entries"
        detail = f"{where} is given twice, as {first.hint.kind} and as another {one.hint.kind}; the first is used"
    return Reject(STAGE, f"{one.video_id}/{one.object_id}", error, detail, one.input_uri)

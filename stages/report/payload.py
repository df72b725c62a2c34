"""The lists and details of the page as JSON: rows without names, since there may be tens of thousands of them."""

from __future__ import annotations

import json
from typing import Any

from stages.report.answers import MaskRow, Rate
from stages.report.sections import Lists, ObjectDetail, Ring, ShownFrame

STATUS_CODES = ("ACCEPTED", "REJECTED", "AMBIGUOUS", "unanswered")


def script_safe(value: Any) -> str:
    r"""JSON that may stand within a script element: nothing in it ends that.

    >>> script_safe("</script>é")
    '"\\u003c/script>\\u00e9"'
    """
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def lists_json(lists: Lists) -> dict[str, Any]:
    """What the page needs when it opens."""
    return {
        "run": lists.run,
        "studio": lists.studio,
        "chunks": list(lists.chunks),
        "pictures": sorted(lists.pictures),
        "videos": [[v.video_id, v.facts, v.width, v.height, v.overlay_videos, v.fps] for v in lists.videos],
        "objects": [
            [
                o.video, o.object_id, o.title, o.expression, o.colour, round(o.quality, 4), o.n_masks, o.n_asked,
                o.n_answered, o.n_wrong, o.verified, o.chunk, o.place,
            ]
            for o in lists.objects
        ],
        "looks": [[k.object, k.frame_idx, round(k.gain, 2), k.reason, k.why, k.picture] for k in lists.looks],
    }  # fmt: skip


def detail_json(detail: ObjectDetail) -> dict[str, Any]:
    """What the page needs when an object is opened."""
    plot = detail.plot
    return {
        "lines": list(plot.lines),
        "localized": list(plot.localized),
        "last": plot.last_frame,
        "counts": [[name.lower(), count] for name, count in detail.counts],
        "errors": _errors(detail.errors),
        "remarks": list(detail.remarks),
        "frames": [_frame(frame) for frame in detail.frames],
    }


def _frame(frame: ShownFrame) -> list[Any]:
    quality = None if frame.quality is None else round(frame.quality, 4)
    return [frame.frame_idx, quality, frame.picture, [_ring(ring) for ring in frame.rings]]


def _ring(ring: Ring) -> list[Any]:
    return [ring.x, ring.y, int(ring.is_fg_candidate), STATUS_CODES.index(ring.status), ring.stratum]


def _errors(row: MaskRow | None) -> str:
    """What the answers say about the masks of an object, in a sentence; empty where nobody has answered."""
    if row is None or not row.false_positive.n + row.false_negative.n:
        return ""
    inside, outside = row.false_positive, row.false_negative
    return (
        f"Of the answered points inside the masks, people put {inside.percent} off the object"
        f"{_interval(inside)}; of those outside, {outside.percent} on it{_interval(outside)}."
    )


def _interval(found: Rate) -> str:
    return f" ({found.interval})" if found.n else ""

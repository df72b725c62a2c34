"""From the rows of a video to its section of the page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.rejects import Reject
from schemas.repairs import Repair
from schemas.videos import Video
from stages.overlay import Layer, colour_of, overlay
from stages.report.answers import MaskRow
from stages.report.pictures import data_uri, jpeg
from stages.report.plots import quality_plot
from stages.report.sections import ObjectSection, Picture, RejectGroup, Ring, VideoSection

UNANSWERED = "unanswered"

LoadFrame = Callable[[int], NDArray[np.uint8] | None]
"""Frame index → (H, W, 3) uint8 RGB, or None when that frame was not kept."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoRows:
    """What the tables hold on one video.

    Attributes:
        video: the video.
        masks: of all objects and frames.
        candidates: of all objects.
        statuses: candidate id → the answer.
        words: object id → (object name, expression).
        localized: object id → the frames that it was localized on, in order; the first of them is kept.
        errors: object id → what the answers say about its masks.
        repairs: decisions on masks that were found poor.
    """

    video: Video
    masks: Sequence[Mask]
    candidates: Sequence[PointCandidate]
    statuses: Mapping[str, str]
    words: Mapping[str, tuple[str, str]]
    localized: Mapping[str, Sequence[int]]
    errors: Mapping[str, MaskRow] = field(default_factory=dict)
    repairs: Sequence[Repair] = ()


def video_section(rows: VideoRows, load: LoadFrame, most_pictures: int) -> VideoSection:
    """The section of one video.

    Args:
        rows: what the tables hold.
        load: reads the frames that were kept for people.
        most_pictures: room for so many pictures an object.
    """
    masks: dict[str, dict[int, Mask]] = defaultdict(dict)
    for mask in sorted(rows.masks, key=lambda m: m.round):
        masks[mask.object_id][mask.frame_idx] = mask
    object_ids = sorted(masks)
    objects = tuple(
        _object_section(rows, object_id, place, masks, load, most_pictures)
        for place, object_id in enumerate(object_ids)
    )
    return VideoSection(rows.video.video_id, _facts(rows.video), _cover(rows, masks, load), objects)


def reject_groups(rejects: Sequence[Reject]) -> tuple[RejectGroup, ...]:
    """Alike rejects together, the largest group first."""
    groups: dict[tuple[str, str], list[Reject]] = defaultdict(list)
    for reject in rejects:
        groups[reject.stage, reject.error].append(reject)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(RejectGroup(s, e, len(group), group[0].key, group[0].detail) for (s, e), group in ordered)


def _object_section(
    rows: VideoRows,
    object_id: str,
    place: int,
    masks: Mapping[str, Mapping[int, Mask]],
    load: LoadFrame,
    most_pictures: int,
) -> ObjectSection:
    own = masks[object_id]
    asked: dict[int, list[Ring]] = defaultdict(list)
    for c in rows.candidates:
        if c.object_id == object_id:
            status = rows.statuses.get(c.candidate_id, UNANSWERED)
            asked[c.frame_idx].append(Ring(c.x, c.y, c.is_fg_candidate, status, c.stratum))
    name, expression = rows.words.get(object_id, ("", ""))
    shown = _evenly(sorted(asked), most_pictures)
    counts = Counter(ring.status for rings in asked.values() for ring in rings)
    return ObjectSection(
        object_id=object_id,
        title=name or f"object {object_id}",
        expression=expression,
        colour=colour_of(place),
        plot=quality_plot(
            {idx: m.quality for idx, m in own.items()}, asked, rows.localized.get(object_id, ()), rows.video.n_frames
        ),
        counts=tuple(sorted(counts.items())),
        pictures=tuple(_object_picture(rows.video, own.get(idx), place, idx, asked[idx], load) for idx in shown),
        n_left_out=len(asked) - len(shown),
        errors=rows.errors.get(object_id),
        repairs=tuple(repair for repair in rows.repairs if repair.object_id == object_id),
    )


def _object_picture(
    video: Video, mask: Mask | None, place: int, frame_idx: int, rings: Sequence[Ring], load: LoadFrame
) -> Picture:
    image = load(frame_idx)
    layers = [Layer(mask.decode(), colour_of(place))] if mask else []
    uri = "" if image is None else data_uri(jpeg(overlay(image, layers)))
    quality = mask.quality if mask else None
    return Picture(frame_idx, uri, video.width, video.height, quality, tuple(rings))


def _cover(rows: VideoRows, masks: Mapping[str, Mapping[int, Mask]], load: LoadFrame) -> Picture | None:
    """All objects on the kept frame that shows the most of them; of equals a frame that was localized."""
    if len(masks) < 2:
        return None
    kept = {c.frame_idx for c in rows.candidates} | {frames[0] for frames in rows.localized.values()}
    localized = {idx for frames in rows.localized.values() for idx in frames}
    for frame_idx in sorted(kept, key=lambda i: (-sum(i in own for own in masks.values()), i not in localized, i)):
        image = load(frame_idx)
        if image is not None:
            layers = [
                Layer(masks[object_id][frame_idx].decode(), colour_of(place))
                for place, object_id in enumerate(sorted(masks))
                if frame_idx in masks[object_id]
            ]
            return Picture(frame_idx, data_uri(jpeg(overlay(image, layers))), rows.video.width, rows.video.height)
    return None


def _evenly(frames: Sequence[int], most: int) -> list[int]:
    if len(frames) <= most:
        return list(frames)
    return [frames[int((i + 0.5) * len(frames) / most)] for i in range(most)]


def _facts(video: Video) -> str:
    length = f"{video.duration_s:.1f} s at {video.fps:.3g} frames/s" if video.fps else "a folder of frames"
    lost = f" · {len(video.lost):,} frames could not be decoded" if video.lost else ""
    ended = " · the end is cut off" if video.truncated else ""
    return f"{video.n_frames:,} frames · {video.width} × {video.height} · {video.codec} · {length}{lost}{ended}"

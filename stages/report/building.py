"""From the rows of a video to what the page shows of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.digests import digest
from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.rejects import Reject
from schemas.repairs import Repair
from schemas.videos import Video
from schemas.wording import many
from stages.overlay import Image, Layer, colour_of, overlay, shown_size
from stages.report.answers import MaskRow
from stages.report.pictures import jpeg
from stages.report.plots import quality_plot
from stages.report.sections import ObjectDetail, RejectGroup, Ring, ShownFrame

UNANSWERED = "unanswered"
WIDTHS_PX = (400, 640)
"""Of pictures: the narrowest and the widest."""
_LOOK = 1
"""Of the pictures: another number makes all of them again."""
_DECISIONS = {"unsure": "had no confident answer", "unlike": "drew a different object", "no_gain": "drew no better one"}


@dataclass(frozen=True, slots=True, eq=False)
class VideoRows:
    """What the tables hold on one video.

    Attributes:
        video: the video.
        masks: object id → frame → the present mask.
        candidates: of all objects.
        statuses: candidate id → the answer.
        localized: object id → the frames that it was localized on, in order.
        errors: object id → what the answers say about its masks.
        repairs: decisions on masks that were found poor.
    """

    video: Video
    masks: Mapping[str, Mapping[int, Mask]]
    candidates: Sequence[PointCandidate]
    statuses: Mapping[str, str]
    localized: Mapping[str, Sequence[int]]
    errors: Mapping[str, MaskRow] = field(default_factory=dict)
    repairs: Sequence[Repair] = ()

    def rings(self, object_id: str) -> dict[int, tuple[Ring, ...]]:
        """The candidates of an object by frame."""
        found: dict[int, list[Ring]] = defaultdict(list)
        for c in self.candidates:
            if c.object_id == object_id:
                status = self.statuses.get(c.candidate_id, UNANSWERED)
                found[c.frame_idx].append(Ring(c.x, c.y, c.is_fg_candidate, status, c.stratum))
        return {idx: tuple(rings) for idx, rings in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to be drawn: one object on one frame, its mask filled, those of others outlined."""

    video: Video
    object_id: str
    frame_idx: int
    masks: Mapping[str, Mask]
    places: Mapping[str, int]

    @property
    def name(self) -> str:
        """By all that is seen on it."""
        drawn = [(one, self.places[one], mask.rle) for one, mask in sorted(self.masks.items())]
        video = self.video
        return digest(_LOOK, video.video_id, video.unit, video.uri, self.object_id, self.frame_idx, drawn)

    def draw(self, image: Image) -> bytes:
        """JPEG of the frame, given as (H, W, 3) uint8 RGB."""
        others = [one for one in sorted(self.masks) if one != self.object_id]
        layers = [Layer(self.masks[one].decode(), colour_of(self.places[one]), faint=True) for one in others]
        if self.object_id in self.masks:
            layers.append(Layer(self.masks[self.object_id].decode(), colour_of(self.places[self.object_id])))
        return jpeg(overlay(image, layers, shown_size(self.video.height, self.video.width, WIDTHS_PX)))


def picture_of(rows: VideoRows, object_id: str, frame_idx: int) -> Picture:
    """The picture of one object on one frame."""
    masks = {one: own[frame_idx] for one, own in rows.masks.items() if frame_idx in own}
    places = {one: place for place, one in enumerate(sorted({*rows.masks, object_id}))}
    return Picture(rows.video, object_id, frame_idx, masks, places)


def object_detail(
    rows: VideoRows,
    object_id: str,
    rings: Mapping[int, tuple[Ring, ...]],
    looks: Collection[int],
) -> ObjectDetail:
    """All about one object.

    Args:
        rows: what the tables hold.
        object_id: the object; it has at least one mask.
        rings: its candidates by frame.
        looks: its frames that should be checked.
    """
    own = rows.masks[object_id]
    names = {idx: picture_of(rows, object_id, idx).name for idx in {*rings, *looks}}
    counts = Counter(ring.status for found in rings.values() for ring in found)
    return ObjectDetail(
        plot=quality_plot(
            {idx: m.quality for idx, m in own.items()}, rings, rows.localized.get(object_id, ()), rows.video.n_frames
        ),
        counts=tuple(sorted(counts.items())),
        frames=tuple(
            ShownFrame(idx, own[idx].quality if idx in own else None, names[idx], rings.get(idx, ()))
            for idx in sorted(names)
        ),
        errors=rows.errors.get(object_id),
        remarks=tuple(repair_sentence(one) for one in rows.repairs if one.object_id == object_id),
    )


def repair_sentence(repair: Repair) -> str:
    """The outcome of a mask of low quality."""
    which = "first" if repair.occasion == "start" else "tracked"
    decision = f"{repair.model} {'drew a better one' if repair.accepted else _DECISIONS[repair.outcome]}"
    end = "which replaced it" if repair.accepted else "the mask was kept, and people see it early"
    return (
        f"Frame {repair.frame_idx}: {which} mask of low quality (quality {repair.own_quality:.2f}, "
        f"motion {repair.support:.2f}); {decision} (quality {repair.new_quality:.2f}, motion {repair.new_support:.2f}, "
        f"agreement {repair.agreement:.2f}, balance {repair.balance:+.3f}), {end}."
    )


def reject_groups(rejects: Sequence[Reject]) -> tuple[RejectGroup, ...]:
    """Alike rejects together, the largest group first."""
    groups: dict[tuple[str, str], list[Reject]] = defaultdict(list)
    for reject in rejects:
        groups[reject.stage, reject.error].append(reject)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(RejectGroup(s, e, len(group), group[0].key, group[0].detail) for (s, e), group in ordered)


def evenly(frames: Sequence[int], most: int) -> list[int]:
    """At most so many of the frames, spread over all.

    >>> evenly([2, 5, 25], 2), evenly([2, 5], 9)
    ([2, 25], [2, 5])
    """
    if len(frames) <= most:
        return list(frames)
    return [frames[int((i + 0.5) * len(frames) / most)] for i in range(most)]


def video_facts(video: Video) -> str:
    """A line about a video."""
    length = f"{video.duration_s:.1f} s at {video.fps:.3g} frames/s" if video.fps else "a folder of frames"
    lost = f" · {many(len(video.lost), 'frame')} could not be decoded" if video.lost else ""
    ended = " · the end is cut off" if video.truncated else ""
    return f"{many(video.n_frames, 'frame')} · {video.width} × {video.height} · {video.codec} · {length}{lost}{ended}"

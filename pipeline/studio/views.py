"""What the page is shown of a video: its card, its objects, their lines, and where to look next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.refining.suggestions import contradiction_rates
from pipeline.refining.verified import Verified
from pipeline.runs.rounds import VideoRounds
from pipeline.runs.units import unit_records
from pipeline.studio.frame_cache import FrameCache
from pipeline.studio.mask_store import MaskStore
from pipeline.studio.workspace import Workspace
from schemas import tables
from schemas.iou import iou
from schemas.masks import Mask
from schemas.video_files import VideoFile
from schemas.videos import Video
from schemas.wording import many
from stages.refine import frame_ranking
from stages.refine.frame_ranking import best_frame, expected_errors
from verification_ui.studio.records import Hint, ObjectLine, Pending, StudioObject, SuggestedFrame, VideoCard

_NEAR_FRAMES, _SAME_PLACE = 8, 0.2
"""A mask whose intersection over union with the one before is less has jumped; this is looked for in so many frames."""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """All that is known of a video.

    Attributes:
        file: the video.
        hints: that were drawn.
        video: what the run knows of it once it is tracked.
        store: its masks.
        rounds: once it is tracked.
    """

    file: VideoFile
    hints: tuple[Hint, ...]
    video: Video | None
    store: MaskStore
    rounds: VideoRounds | None

    def objects(self, names: Mapping[str, str]) -> tuple[StudioObject, ...]:
        """Objects with hints or masks; ``names`` are those that the run knows."""
        found = {**names, **{hint.object_id: hint.name for hint in self.hints if hint.name}}
        tracked = set(self.store.object_ids())
        ids = sorted({*tracked, *(hint.object_id for hint in self.hints)}, key=lambda one: (len(one), one))
        return tuple(StudioObject(one, found.get(one, ""), one in tracked) for one in ids)

    def lines(self, workspace: Workspace, n_frames: int) -> tuple[ObjectLine, ...]:
        """One an object with masks."""
        repairs = unit_records(workspace.run, tables.REPAIRS, self.video) if self.video else []
        repaired = {(one.object_id, one.frame_idx) for one in repairs if one.accepted}
        return tuple(
            ObjectLine(
                object_id=one,
                quality=self.store.qualities(one, n_frames),
                anchors=tuple(sorted(self.anchors(one))),
                absent=self._correction(one, "absent"),
                locked=self._correction(one, "lock"),
                repairs=tuple(sorted(idx for object_id, idx in repaired if object_id == one)),
                changed=self._changed(one),
            )
            for one in self.store.object_ids()
        )

    def anchors(self, object_id: str) -> set[int]:
        """Frames of an object that are never overwritten."""
        localized = {hint.frame_idx for hint in self.hints if hint.object_id == object_id}
        return self.rounds.annotated(object_id, localized) if self.rounds else localized

    def pending(self) -> tuple[Pending, ...]:
        """Corrections that wait for their round."""
        return tuple(
            Pending(
                one.object_id, one.frame_idx, one.kind, tuple(zip(one.x, one.y, one.label, strict=True)), one.box_px
            )
            for one in (self.rounds.pending if self.rounds else ())
        )

    def _correction(self, object_id: str, kind: str) -> tuple[int, ...]:
        rounds = self.rounds
        said = (*rounds.in_effect, *rounds.pending) if rounds else ()
        return tuple(sorted({one.frame_idx for one in said if (one.object_id, one.kind) == (object_id, kind)}))

    def _changed(self, object_id: str) -> tuple[int, ...]:
        if self.rounds is None or not self.rounds.number:
            return ()
        last, rounds = (object_id, self.rounds.number), self.rounds
        old = (one.frame_idx for one in rounds.superseded if (one.object_id, one.until_round) == last)
        new = (one.frame_idx for one in rounds.masks if (one.object_id, one.round) == last)
        return tuple(sorted({*old, *new}))


def card_of(
    number: int, facts: VideoFacts, workspace: Workspace, state: str, frames: FrameCache | None = None
) -> VideoCard:
    """A video in the list; one that is open, with its frames, has all its facts."""
    file, video = facts.file, facts.video
    probed = workspace.facts(file) if frames else workspace.known_facts(file)
    n_frames = video.n_frames if video else probed.n_frames if probed else 0
    if frames is not None and frames.is_whole:
        n_frames = frames.n_ready
    n_hinted = len({hint.object_id for hint in facts.hints})
    return VideoCard(
        number=number,
        name=file.video_id,
        n_frames=n_frames,
        height=probed.height if probed else 0,
        width=probed.width if probed else 0,
        fps=video.fps if video else frames.fps if frames else 0.0,
        state=state or ("tracked" if video else "hinted" if n_hinted else "new"),
        n_objects=video.n_objects if video else n_hinted,
        problem=frames.problem or ("" if probed else "this video cannot be read") if frames else "",
    )


def jump_before(masks: Mapping[int, Mask], frame_idx: int) -> int | None:
    """The last frame, up to this one and a few before it, whose mask lies elsewhere than that of the frame before.

    Args:
        masks: of one object, by frame.
        frame_idx: the frame that is looked at.
    """
    for idx in range(frame_idx, frame_idx - _NEAR_FRAMES, -1):
        here, before = masks.get(idx), masks.get(idx - 1)
        if here and before and iou(here.decode(), before.decode()) < _SAME_PLACE:
            return idx
    return None


def suggest_next(
    facts: VideoFacts, names: Mapping[str, str], seen: Sequence[tuple[str, int]], verified: Verified | None = None
) -> SuggestedFrame | None:
    """The frame most worth checking.

    Args:
        facts: of the video.
        names: object id → name.
        seen: objects and frames that were shown already.
        verified: points, which tell of wrong masks.
    """
    if facts.video is None:
        return None
    masks = {(mask.object_id, mask.frame_idx): mask for mask in (facts.rounds.masks if facts.rounds else ())}
    rates = contradiction_rates(masks, verified) if verified is not None else {}
    found = []
    for object_id in facts.store.object_ids():
        qualities = facts.store.qualities(object_id, facts.video.n_frames)
        own = [idx for one, idx in seen if one == object_id]
        errors = expected_errors(qualities, rates.get(object_id), lost=facts.video.lost)
        ranked = best_frame(qualities, errors, facts.anchors(object_id), facts.video.cuts, own)
        if ranked is not None:
            found.append((ranked.gain, object_id, ranked))
    if not found:
        return None
    _, object_id, ranked = max(found, key=lambda one: (one[0], one[1]))
    name = names.get(object_id) or f"object {object_id}"
    of_object = {idx: mask for (one, idx), mask in masks.items() if one == object_id}
    return SuggestedFrame(ranked.frame_idx, object_id, _why(ranked, name, of_object))


def _why(ranked: frame_ranking.RankedFrame, name: str, masks: Mapping[int, Mask]) -> str:
    """In a sentence, why a look at an object's mask is worth it."""
    if ranked.quality < 0:
        how = f"{name} has no mask here"
    elif (jump := jump_before(masks, ranked.frame_idx)) is not None:
        how = f"the mask of {name} jumps at frame {jump:,}; if {name} is out of sight there, press A"
    else:
        how = f"the mask of {name} is doubtful here (quality {ranked.quality:.2f})"
    reach = (
        f"a correction would reach {many(ranked.n_frames, 'frame')}"
        if ranked.n_frames > 1
        else "no other frame depends on it"
    )
    return f"{how[0].upper()}{how[1:]}; {reach}."

"""What travels between the stages of ``annotate``: references, rows, packed bytes; never a pixel of a frame.

``VideoJob`` → ``PlacedVideo`` → ``ObjectBatch`` → ``SegmentedBatch`` → ``TrackedBatch`` → ``TrackedBatches`` →
``TrackedVideo`` → ``SampledVideo``. Every element knows its job, so that it can be named and rejected wherever it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from schemas.jobs import VideoJob
from schemas.localizations import Expression, Localization
from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.rejects import Reject
from schemas.repairs import Repair
from schemas.videos import Video

ObjectFrame = tuple[str, int]
"""(object_id, frame_idx)."""


class Element(Protocol):
    """Anything that travels between stages."""

    @property
    def job(self) -> VideoJob:
        """The video, its hints and where its results go."""


@dataclass(frozen=True, slots=True)
class PlacedVideo:
    """A video whose objects have places: what was given, and what a localizer found for mere words.

    Attributes:
        job: as it was given.
        found: localizations that replace expressions.
        searched: where the objects of expressions were looked for.
        rejects: expressions that led nowhere.
    """

    job: VideoJob
    found: tuple[Localization, ...] = ()
    searched: frozenset[ObjectFrame] = frozenset()
    rejects: tuple[Reject, ...] = ()

    @property
    def localizations(self) -> tuple[Localization, ...]:
        """All that have a place."""
        given = (loc for loc in self.job.localizations if not isinstance(loc.hint, Expression))
        return (*given, *self.found)


@dataclass(frozen=True, slots=True)
class ObjectBatch:
    """Some objects of a video, which are carried through it together.

    Attributes:
        video: the whole video.
        object_ids: the objects.
        number: of this batch, from 0.
        n_batches: of the video.
    """

    video: PlacedVideo
    object_ids: frozenset[str]
    number: int
    n_batches: int

    @property
    def job(self) -> VideoJob:
        """Of the video."""
        return self.video.job

    def anchors(self) -> dict[int, frozenset[str]]:
        """Frame → the objects of the batch that are localized there, or were looked for."""
        at: dict[int, set[str]] = defaultdict(set)
        for object_id, frame_idx in self.video.searched:
            at[frame_idx].add(object_id)
        for loc in self.video.localizations:
            at[loc.frame_idx].add(loc.object_id)
        own = {frame_idx: self.object_ids & ids for frame_idx, ids in sorted(at.items())}
        return {frame_idx: ids for frame_idx, ids in own.items() if ids}


@dataclass(frozen=True, slots=True)
class SegmentedBatch:
    """A batch with the masks of its localized frames.

    Attributes:
        batch: the objects.
        masks: at most one an object and frame, by frame.
        rejects: objects that could not be segmented.
    """

    batch: ObjectBatch
    masks: tuple[Mask, ...]
    rejects: tuple[Reject, ...] = ()

    @property
    def job(self) -> VideoJob:
        """Of the video."""
        return self.batch.job


@dataclass(frozen=True, slots=True)
class TrackedBatch:
    """A batch with its masks on all frames.

    Attributes:
        seeds: what it was made from.
        video: what is known of the decoded video.
        masks: at most one an object and frame.
        repairs: decisions on low-quality masks.
        references: object id → the first frame that it was segmented on.
        trusts: packed trust maps of masks that exclude objects of other batches.
        lost: frames that could not be decoded, in ascending ranges.
    """

    seeds: SegmentedBatch
    video: Video
    masks: tuple[Mask, ...]
    repairs: tuple[Repair, ...]
    references: Mapping[str, int]
    trusts: Mapping[ObjectFrame, bytes]
    lost: tuple[range, ...] = ()

    @property
    def job(self) -> VideoJob:
        """Of the video."""
        return self.seeds.job


@dataclass(frozen=True, slots=True)
class TrackedBatches:
    """Batches of one video, in any order."""

    parts: tuple[TrackedBatch, ...]

    @property
    def job(self) -> VideoJob:
        """Of the video."""
        return self.parts[0].job

    @property
    def is_whole(self) -> bool:
        """Whether these are all batches of the video."""
        return len(self.parts) == self.parts[0].seeds.batch.n_batches


@dataclass(frozen=True, slots=True)
class TrackedVideo:
    """All objects of a video on all frames.

    Attributes:
        placed: the video and its localizations.
        video: what is known of the decoded video.
        masks: by object and frame; those of one group share no pixel.
        repairs: by object and frame.
        references: object id → the first frame that it was segmented on.
        rejects: of all stages so far.
    """

    placed: PlacedVideo
    video: Video
    masks: tuple[Mask, ...]
    repairs: tuple[Repair, ...]
    references: Mapping[str, int]
    rejects: tuple[Reject, ...]

    @property
    def job(self) -> VideoJob:
        """Of the video."""
        return self.placed.job


@dataclass(frozen=True, slots=True)
class SampledVideo:
    """A video that is ready to be committed.

    Attributes:
        tracked: its masks.
        candidates: the points that people are going to be asked about.
    """

    tracked: TrackedVideo
    candidates: tuple[PointCandidate, ...]

    @property
    def job(self) -> VideoJob:
        """Of the video."""
        return self.tracked.job

    def frames_to_look_at(self) -> list[int]:
        """Frames that people see: those of candidates and those that objects were localized on."""
        return sorted({c.frame_idx for c in self.candidates} | set(self.tracked.references.values()))


@dataclass(frozen=True, slots=True)
class RejectedVideo:
    """A video that could not be annotated, and why."""

    job: VideoJob
    reject: Reject

"""The localized frames of a batch of objects, segmented: from places to the masks that propagation starts from."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.elements import ObjectBatch, PlacedVideo, SegmentedBatch
from schemas.localizations import Localization
from schemas.masks import Mask
from schemas.rejects import Reject
from stages.backends.segmenter import Segmenter
from stages.memory import release_memory_when_large
from stages.progress import BatchProgress
from stages.segment.segment_frame import segment_frame
from stages.video import Opener, about_n_frames, selected_frames


def split_objects(video: PlacedVideo, most: int) -> list[ObjectBatch]:
    """Batches of at most ``most`` objects, even in size; objects of one group stay together where they can.

    Of a job for one batch, that batch.

    Every batch decodes and encodes the video again. Where masks of different batches overlap, pixels go to whichever is
    surer of them, while the objects of one batch are weighed against each other.

    Args:
        video: its objects.
        most: 0 for all in one batch.
    """
    groups = video.job.groups
    order = sorted(groups, key=lambda object_id: (groups[object_id], object_id))
    size = -(-len(order) // video.job.n_batches(most))
    parts = [frozenset(order[start : start + size]) for start in range(0, len(order), size)]
    batches = [ObjectBatch(video, part, number, len(parts)) for number, part in enumerate(parts)]
    return batches if video.job.batch is None else [batches[video.job.batch]]


def segment_batch(batch: ObjectBatch, segmenter: Segmenter, opener: Opener | None = None) -> SegmentedBatch:
    """Segment the objects of a batch on every frame that they are localized on.

    Raises:
        DecodeError: the video cannot be decoded.
    """
    localized = {loc.frame_idx for loc in batch.video.localizations if loc.object_id in batch.object_ids}
    progress = BatchProgress(batch, about_n_frames(batch.job.file, opener))
    masks: list[Mask] = []
    rejects: list[Reject] = []
    for done, frame in enumerate(selected_frames(batch.job.file, localized, opener)):
        progress.segmenting(frame.idx, done)
        own, others = _localizations_at(batch, frame.idx)
        release_memory_when_large()
        found, failed = segment_frame(segmenter, frame.image, own, others)
        release_memory_when_large()
        masks += [drawn.row() for drawn in found.values()]
        rejects += failed
    return SegmentedBatch(batch, tuple(masks), tuple(rejects))


def _localizations_at(batch: ObjectBatch, frame_idx: int) -> tuple[list[Localization], list[Localization]]:
    """Of the batch's objects and of the others, on one frame."""
    here = [loc for loc in batch.video.localizations if loc.frame_idx == frame_idx]
    own: Iterable[Localization] = (loc for loc in here if loc.object_id in batch.object_ids)
    return list(own), [loc for loc in here if loc.object_id not in batch.object_ids]

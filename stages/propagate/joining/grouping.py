"""Batches of objects, grouped by video: a video of one batch needs no grouping."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.elements import TrackedBatch, TrackedBatches


def complete_video(part: TrackedBatch) -> list[TrackedBatches]:
    """The video, where ``part`` is its only batch; else nothing."""
    return [TrackedBatches((part,))] if part.seeds.batch.n_batches == 1 else []


def keyed_by_video(part: TrackedBatch) -> list[tuple[str, TrackedBatch]]:
    """(video id, ``part``), where the video has other batches; else nothing."""
    return [(part.job.video_id, part)] if part.seeds.batch.n_batches > 1 else []


def grouped_batches(_: str, parts: Iterable[TrackedBatch]) -> TrackedBatches:
    """The batches of one video, in no particular order."""
    return TrackedBatches(tuple(parts))

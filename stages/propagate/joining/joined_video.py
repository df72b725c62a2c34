"""All batches of a video together again: one video with its masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schemas.elements import TrackedBatch, TrackedVideo
from stages.propagate.overlaps import contested_objects, resolve_overlaps
from stages.video.damage import damage_rejects


def join_batches(batches: Sequence[TrackedBatch]) -> TrackedVideo:
    """One video of all its batches, whatever their order; overlaps between batches are resolved."""
    parts = sorted(batches, key=lambda part: part.seeds.batch.number)
    job, placed = parts[0].job, parts[0].seeds.batch.video
    trusts = {object_id: part.trusts for part in parts for object_id in part.seeds.batch.object_ids}
    masks = [mask for part in parts for mask in part.masks]
    contested = frozenset[str]().union(*(contested_objects(part.seeds.batch) for part in parts))
    masks = resolve_overlaps(masks, contested, job.groups, lambda mask: trusts[mask[0]][mask])
    references = {object_id: idx for part in parts for object_id, idx in part.references.items()}
    repairs = [repair for part in parts for repair in part.repairs]
    rejects = [reject for part in parts for reject in part.seeds.rejects]
    return TrackedVideo(
        placed,
        replace(parts[-1].video, n_objects=len(references), unit=job.unit),
        tuple(sorted(masks, key=lambda mask: (mask.object_id, mask.frame_idx))),
        tuple(sorted(repairs, key=lambda repair: (repair.object_id, repair.frame_idx))),
        references,
        (*rejects, *placed.rejects, *damage_rejects(parts[-1].video, parts[-1].lost, job.localizations)),
    )

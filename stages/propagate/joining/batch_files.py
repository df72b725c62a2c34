"""Batches of objects that wait in files for the others of their video, whichever process makes those.

A file is JSON, whole or not there. Batches of a video depend on nothing but its job, so that a repeated one writes the
same file again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Base64Bytes, TypeAdapter

from schemas.elements import ObjectBatch, SegmentedBatch, TrackedBatch, TrackedBatches
from schemas.masks import Mask
from schemas.rejects import Reject
from schemas.repairs import Repair
from schemas.videos import Video
from schemas.whole_files import write_whole


@dataclass(frozen=True, slots=True)
class _Content:
    """What the whole video needs of a batch; fields are those of :class:`schemas.elements.TrackedBatch`.

    Attributes:
        object_ids: of the batch.
        rejects: objects that could not be segmented.
        trusts: (object_id, frame_idx, packed map).
        lost: (first, behind the last) of each range.
    """

    object_ids: tuple[str, ...]
    rejects: tuple[Reject, ...]
    video: Video
    masks: tuple[Mask, ...]
    repairs: tuple[Repair, ...]
    references: dict[str, int]
    trusts: tuple[tuple[str, int, Base64Bytes], ...]
    lost: tuple[tuple[int, int], ...]


_CONTENT = TypeAdapter(_Content)


def batch_file(folder: Path, unit: str, number: int) -> Path:
    """Where a batch of a video waits."""
    return folder / unit / f"{number}.json"


def join_waiting(folder: Path, part: TrackedBatch) -> TrackedBatches | None:
    """All batches of a video, if those beside ``part`` wait already; else None, and ``part`` waits for them.

    Whoever comes last gets all; when several come last together, each of them does.

    Raises:
        OSError: the files cannot be written or read.
        ValueError: a file is damaged.
    """
    batch = part.seeds.batch
    if batch.n_batches == 1:
        return TrackedBatches((part,))
    files = [batch_file(folder, part.job.unit, number) for number in range(batch.n_batches)]
    write_whole(files[batch.number], _written(part), is_synced=False)
    if not all(file.is_file() for file in files):
        return None
    others = (_read(file, number, part) for number, file in enumerate(files) if number != batch.number)
    return TrackedBatches((part, *others))


def _written(part: TrackedBatch) -> bytes:
    content = _Content(
        tuple(sorted(part.seeds.batch.object_ids)),
        part.seeds.rejects,
        part.video,
        part.masks,
        part.repairs,
        dict(part.references),
        tuple((object_id, frame_idx, trust) for (object_id, frame_idx), trust in part.trusts.items()),
        tuple((lost.start, lost.stop) for lost in part.lost),
    )
    return _CONTENT.dump_json(content)


def _read(file: Path, number: int, beside: TrackedBatch) -> TrackedBatch:
    """The batch of a file; what batches of a video share is taken from the one beside it."""
    content = _CONTENT.validate_json(file.read_bytes())
    own = beside.seeds.batch
    batch = ObjectBatch(own.video, frozenset(content.object_ids), number, own.n_batches)
    return TrackedBatch(
        SegmentedBatch(batch, (), content.rejects),
        content.video,
        content.masks,
        content.repairs,
        content.references,
        {(object_id, frame_idx): trust for object_id, frame_idx, trust in content.trusts},
        tuple(range(*ends) for ends in content.lost),
    )

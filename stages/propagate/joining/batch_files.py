"""Batches of objects that wait in files for the others of their video, whichever process makes those.

A batch is a JSON file, whole or not there; its packed trust maps are in a file beside it, which is written before and
read map by map. Batches of a video depend on nothing but its job, so that a repeated one writes the same files again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from schemas.elements import ObjectBatch, SegmentedBatch, TrackedBatch, TrackedBatches
from schemas.masks import Mask
from schemas.rejects import Reject
from schemas.repairs import Repair
from schemas.videos import Video
from schemas.whole_files import whole_file, write_whole
from stages.propagate.joining.stored_maps import StoredMaps


@dataclass(frozen=True, slots=True)
class _Content:
    """What the whole video needs of a batch; fields are those of :class:`schemas.elements.TrackedBatch`.

    Attributes:
        object_ids: of the batch.
        rejects: objects that could not be segmented.
        trusts: (object_id, frame_idx, bytes of the packed map), in the order in which the maps follow each other.
        lost: (first, behind the last) of each range.
    """

    object_ids: tuple[str, ...]
    rejects: tuple[Reject, ...]
    video: Video
    masks: tuple[Mask, ...]
    repairs: tuple[Repair, ...]
    references: dict[str, int]
    trusts: tuple[tuple[str, int, int], ...]
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
    _write(files[batch.number], part)
    if not all(file.is_file() for file in files):
        return None
    others = (_read(file, number, part) for number, file in enumerate(files) if number != batch.number)
    return TrackedBatches((part, *others))


def _write(file: Path, part: TrackedBatch) -> None:
    content = _Content(
        tuple(sorted(part.seeds.batch.object_ids)),
        part.seeds.rejects,
        part.video,
        part.masks,
        part.repairs,
        dict(part.references),
        tuple((object_id, frame_idx, len(trust)) for (object_id, frame_idx), trust in part.trusts.items()),
        tuple((lost.start, lost.stop) for lost in part.lost),
    )
    with whole_file(_maps_file(file), is_synced=False) as maps:
        for trust in part.trusts.values():
            maps.write(trust)
    write_whole(file, _CONTENT.dump_json(content), is_synced=False)


def _maps_file(file: Path) -> Path:
    return file.with_suffix(".maps")


def _read(file: Path, number: int, beside: TrackedBatch) -> TrackedBatch:
    """The batch of a file; what batches of a video share is taken from the one beside it."""
    content = _CONTENT.validate_json(file.read_bytes())
    trusts = StoredMaps(_maps_file(file).open("rb"))
    for object_id, frame_idx, n_bytes in content.trusts:
        trusts.place((object_id, frame_idx), n_bytes)
    own = beside.seeds.batch
    batch = ObjectBatch(own.video, frozenset(content.object_ids), number, own.n_batches)
    return TrackedBatch(
        SegmentedBatch(batch, (), content.rejects),
        content.video,
        content.masks,
        content.repairs,
        content.references,
        trusts,
        tuple(range(*ends) for ends in content.lost),
    )

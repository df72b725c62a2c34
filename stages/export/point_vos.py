"""Points in the format of the Point-VOS release.

``<name>/{train,val}.json`` is one object ``{id: entry}``; with ``jsonl`` it is ``{train,val}.jsonl``, one
``{id: entry}`` a line. An entry is one object of one video. Beside them stand what the scripts of the release extract:
the annotated frames of every entry, ``<split>/JPEGImages/<id>/<frame_id>.jpg``, and their points as index maps,
``<split>/Annotations/<id>/<frame_id>.png`` (mode P): 0 unlabelled, 1 REJECTED, 2 ACCEPTED, 255 AMBIGUOUS. So the
scripts need no videos. Each picture is kept once, ``JPEGImages/<video_name>/<frame_id>.jpg``; those of entries are
links to it. ``videos.json`` tells which video a ``video_name`` is.

Source: https://github.com/idilesenzulfikar/PointVOS
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.digests import name_of
from schemas.natural_order import natural_order
from schemas.points import PointLabel

PIXEL_VALUES = {"REJECTED": 1, "ACCEPTED": 2, "AMBIGUOUS": 255}
SCRIPT_NAMES = {"Oops": "json", "Kinetics": "jsonl"}
"""Datasets that the scripts of the release know, by the suffix of their files."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class AnnotatedPoint:
    """One point of an entry; the field names are those of the release.

    Attributes:
        x: pixel index, right.
        y: pixel index, down.
        frame_id: 0-based decode index, six digits.
        status: ACCEPTED (on the object), REJECTED (off it) or AMBIGUOUS.
        is_fg_candidate: what the pseudo-mask said.
    """

    x: int
    y: int
    frame_id: str
    status: str
    is_fg_candidate: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of one video; the field names are those of the release. The entry's id is its question_hash.

    Attributes:
        question_hash: 32 hex digits, one a video, object and question.
    """

    question_hash: str
    question: str
    object_name: str
    video_name: str
    annotated_points: tuple[AnnotatedPoint, ...]


def entries_of(points: Iterable[PointLabel]) -> list[Entry]:
    """The entries of one video's points, in the order of object ids; of a pixel's several answers the latest counts.

    A frame of an object on which nothing was decided is left out: the scripts of the release stop at it.
    """
    by_object: dict[str, dict[tuple[int, int, int], PointLabel]] = defaultdict(dict)
    for point in sorted(points, key=lambda p: (p.object_id, p.frame_idx, p.round)):
        by_object[point.object_id][point.frame_idx, point.y, point.x] = point
    kept = {object_id: _on_decided_frames(own.values()) for object_id, own in by_object.items()}
    return [_entry(own) for _, own in sorted(kept.items(), key=lambda item: natural_order(item[0])) if own]


def _on_decided_frames(points: Collection[PointLabel]) -> list[PointLabel]:
    decided = {point.frame_idx for point in points if point.label is not None}
    return [point for point in points if point.frame_idx in decided]


def _entry(points: Sequence[PointLabel]) -> Entry:
    first = points[0]
    question = question_of(first.object_id, first.object_name, first.expression)
    annotated = tuple(
        AnnotatedPoint(p.x, p.y, f"{p.frame_idx:06d}", p.status, p.is_fg_candidate)
        for p in sorted(points, key=lambda p: (p.frame_idx, p.y, p.x))
    )
    name = first.object_name or first.object_id
    return Entry(
        name_of(first.video_id, first.object_id, question), question, name, video_name(first.video_id), annotated
    )


def question_of(object_id: str, object_name: str, expression: str) -> str:
    """What people were asked, in words: the expression if there is one, else the object's name, else its id.

    >>> question_of("7", "dog", "the dog on the left"), question_of("7", "dog", ""), question_of("7", "", "")
    ('Is the point on the dog on the left?', 'Is the point on the dog?', 'Is the point on object 7?')
    """
    words = expression or (f"the {object_name}" if object_name else f"object {object_id}")
    return f"Is the point on {words}?"


def video_name(video_id: str) -> str:
    """A name for a video that is one folder, ASCII and without wildcards; ids that are so already stay.

    >>> video_name("bmx-trees"), video_name("été/a [1]")
    ('bmx-trees', 't_a_1-a89e4022')
    """
    if _SAFE.fullmatch(video_id) and len(video_id) <= 120:
        return video_id
    readable = re.sub(r"[^A-Za-z0-9-]+", "_", video_id).strip("_-")[:60]
    digest = hashlib.blake2b(video_id.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{readable or 'video'}-{digest}"


def to_json(entries: Mapping[str, Entry]) -> bytes:
    """Entries by id as one JSON object, ASCII."""
    return json.dumps({key: asdict(entry) for key, entry in entries.items()}, indent=1).encode("ascii")


def to_jsonl(entries: Mapping[str, Entry]) -> bytes:
    """Entries by id, one ``{id: entry}`` a line, ASCII, without a blank line."""
    return "".join(json.dumps({key: asdict(entry)}) + "\n" for key, entry in entries.items()).encode("ascii")


def point_map(entry: Entry, frame_id: str, height: int, width: int) -> NDArray[np.uint8]:
    """(H, W) uint8: the points of one frame of an entry, by PIXEL_VALUES."""
    labels = np.zeros((height, width), dtype=np.uint8)
    for point in entry.annotated_points:
        if point.frame_id == frame_id:
            labels[point.y, point.x] = PIXEL_VALUES[point.status]
    return labels

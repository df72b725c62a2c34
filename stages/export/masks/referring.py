"""Ref-YouTube-VOS and Video Narrative Grounding: words, the masks that they mean, and the same masks as results.

Both have ``meta_expressions.json`` and ``results/``, with a folder of binary PNGs (0 and 255) for every expression of a
video. Ref-YouTube-VOS keeps the masks as index maps, ``Annotations/<video>/<frame>.png``, in which a
smaller object lies on top of a larger one, and objects of equal masks, such as a person and the noun that means it, are
one; ``results/`` holds the masks whole. Video Narrative Grounding as
run lengths, ``extra_masks.json`` in the form of YouTube-VIS, in which an expression is a noun of a narrative.
``orig_masks.json``, which holds the masks of another dataset there, is empty.

Sources: https://youtube-vos.org/dataset/rvos/, https://github.com/google/video-localized-narratives
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.expressions import separated
from schemas.masks import Mask
from stages.export.davis import index_maps, object_indices
from stages.export.index_png import index_png
from stages.export.masks.coco_instances import YouTubeVis
from stages.export.masks.exported import Entries, ExportedVideo, File, Json, Pieces, number_of

META = "meta_expressions.json"
RESULTS = "results"


@dataclass(frozen=True, slots=True)
class Referring:
    """Words that mean an object.

    Attributes:
        object_id: the object.
        words: an expression, or a noun.
        actor: name of the narrative's actor.
        description: the narrative; an expression stands for itself.
        span: half-open offsets of the noun in the description.
    """

    object_id: str
    words: str
    actor: str
    description: str
    span: tuple[int, int]


def referring(found: ExportedVideo) -> list[Referring]:
    """The words for the objects of a video that have masks, by object; a narrative's actor is meant by its nouns."""
    actors = {_actor_of(object_id) for object_id in found.noun_spans}
    told: list[Referring] = []
    for object_id in found.by_object():
        span = found.noun_spans.get(object_id)
        if span and (description := found.expressions.get(_actor_of(object_id), "")):
            actor = found.names.get(_actor_of(object_id), "")
            told.append(Referring(object_id, description[slice(*span)], actor, description, span))
        elif object_id not in actors:
            told += [Referring(object_id, words, words, words, (0, len(words))) for words in _words(found, object_id)]
    return told


def expressions(found: ExportedVideo) -> list[tuple[str, str]]:
    """(object, words) of all expressions of a video: those of objects, nouns, and captions of actors."""
    actors = {_actor_of(object_id) for object_id in found.noun_spans}
    captions = [(actor, found.expressions.get(actor, "")) for actor in found.by_object() if actor in actors]
    return [
        *((actor, caption) for actor, caption in captions if caption),
        *((one.object_id, one.words) for one in referring(found)),
    ]


class RefYouTubeVos:
    """Masks as index maps, an expression or more an object."""

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """The index maps, and a folder of results for every expression."""
        for frame_idx, labels in index_maps(found.video, found.masks, _shared_indices(found), has_small_on_top=True):
            yield f"Annotations/{found.folder}/{found.stem(frame_idx)}.png", index_png(labels)
        yield from _results(found, [object_id for object_id, _ in expressions(found)])

    def entry(self, found: ExportedVideo) -> Json:
        """The frames and expressions of a video."""
        indices = _shared_indices(found)
        told = {
            str(number): {"exp": words, "obj_id": str(indices[object_id])}
            for number, (object_id, words) in enumerate(expressions(found))
        }
        frames = [found.stem(frame_idx) for frame_idx in found.frames()]
        return {"video": found.folder, "meta": {"expressions": told, "frames": frames}}

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """``meta_expressions.json``."""
        yield META, _meta(entries())


class VideoNarrativeGrounding:
    """Masks as run lengths, a noun of a narrative an expression."""

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """A folder of results for every expression."""
        yield from _results(found, [one.object_id for one in referring(found)])

    def entry(self, found: ExportedVideo) -> Json:
        """The frames, narratives and expressions of a video, and its masks."""
        told = referring(found)
        narratives = list(dict.fromkeys((one.actor, one.description) for one in told))
        places = {object_id: number_of(found, place) for place, object_id in enumerate(found.by_object())}
        nouns = {
            str(number): {
                "narrative_actor_idx": narratives.index((one.actor, one.description)),
                "noun_phrase_start_idx": one.span[0],
                "noun_phrase_end_idx": one.span[1],
                "obj_id": places[one.object_id],
            }
            for number, one in enumerate(told)
        }
        actors = [
            {"actor_idx": idx, "actor_name": name, "description": description}
            for idx, (name, description) in enumerate(narratives)
        ]
        frames = [found.stem(frame_idx) for frame_idx in found.frames()]
        meta = {"frames": frames, "actor_narratives": actors, "expressions": nouns}
        return {"video": found.folder, "meta": meta, **YouTubeVis().entry(found)}

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """``meta_expressions.json``, ``extra_masks.json`` and the empty ``orig_masks.json``."""
        yield META, _meta(entries())
        ((_, masks),) = YouTubeVis().join(entries, categories)
        yield "extra_masks.json", masks
        yield "orig_masks.json", iter([b'{"videos": [], "annotations": []}\n'])


def _shared_indices(found: ExportedVideo) -> dict[str, int]:
    """Object id → index; objects whose masks are equal on all frames share the index of the first of them."""
    first: dict[tuple[tuple[int, str], ...], str] = {}
    own = found.by_object()
    same = {
        object_id: first.setdefault(tuple((idx, mask.rle) for idx, mask in masks.items()), object_id)
        for object_id, masks in own.items()
    }
    indices = object_indices(same.values())
    return {object_id: indices[other] for object_id, other in same.items()}


def _results(found: ExportedVideo, object_ids: list[str]) -> Iterator[File]:
    """A PNG of every frame for every expression."""
    masks = found.by_object()
    for number, object_id in enumerate(object_ids):
        for frame_idx in found.frames():
            content = _binary(found, masks[object_id].get(frame_idx))
            yield f"{RESULTS}/{found.folder}/{number}/{found.stem(frame_idx)}.png", content


def _binary(found: ExportedVideo, mask: Mask | None) -> bytes:
    drawn: NDArray[np.uint8] = np.zeros((found.video.height, found.video.width), dtype=np.uint8)
    if mask:
        drawn[mask.decode()] = 255
    buffer = io.BytesIO()
    Image.fromarray(drawn).save(buffer, "PNG")
    return buffer.getvalue()


def _actor_of(object_id: str) -> str:
    """The actor of a noun.

    >>> _actor_of("a0n13")
    'a0'
    """
    return object_id.rpartition("n")[0]


def _words(found: ExportedVideo, object_id: str) -> list[str]:
    return separated(found.expressions.get(object_id) or found.names.get(object_id, ""))


def _meta(entries: Iterator[Json]) -> Iterator[bytes]:
    before = '{"videos": {\n'
    for one in entries:
        yield f"{before}{json.dumps(one['video'])}: {json.dumps(one['meta'])}".encode("ascii")
        before = ",\n"
    yield b"\n}}\n" if before == ",\n" else b'{"videos": {}}\n'

"""CVAT and Label Studio: annotations that people open again in a tool.

Source: https://docs.cvat.ai/docs/manual/advanced/xml_format/, https://labelstud.io/tags/videorectangle
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from schemas.masks import Mask
from stages.export.masks.exported import Entries, ExportedVideo, File, Json, Pieces, box_of
from stages.export.masks.outlines import outlines


class Cvat:
    """CVAT for video 1.1, a file a video: a track of polygons for every object, the largest piece of every mask."""

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """One XML document."""
        yield f"{found.folder}.xml", "".join(self._document(found)).encode("utf-8")

    def entry(self, found: ExportedVideo) -> Json:
        """None: every video has its own document."""
        return {}

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """None."""
        return iter(())

    def _document(self, found: ExportedVideo) -> Iterator[str]:
        video, objects = found.video, found.by_object()
        labels = "".join(
            f"<label><name>{_text(name)}</name></label>" for name in sorted({*map(found.category, objects)})
        )
        size = f"<width>{video.width}</width><height>{video.height}</height>"
        yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n<meta><task>'
        yield f"<name>{_text(found.folder)}</name><size>{video.n_frames}</size><mode>interpolation</mode>"
        yield f"<labels>{labels}</labels><source>{_text(found.folder)}</source>"
        yield f"<original_size>{size}</original_size></task></meta>\n"
        for number, (object_id, masks) in enumerate(objects.items()):
            label = quoteattr(_printable(found.category(object_id)))
            yield f'<track id="{number}" label={label} source="automatic">\n'
            yield from (_polygon(idx, mask, is_outside) for idx, mask, is_outside in _key_frames(masks, video.n_frames))
            yield "</track>\n"
        yield "</annotations>\n"


def _key_frames(masks: Mapping[int, Mask], n_frames: int) -> Iterator[tuple[int, Mask, bool]]:
    """Every mask; and, where the object is gone on the next frame, its last mask again as one outside."""
    for idx, mask in masks.items():
        yield idx, mask, False
        if idx + 1 not in masks and idx + 1 < n_frames:
            yield idx + 1, mask, True


def _polygon(frame_idx: int, mask: Mask, is_outside: bool) -> str:
    points = ";".join(f"{x:.2f},{y:.2f}" for x, y in outlines(mask.decode())[0])
    return (
        f'<polygon frame="{frame_idx}" keyframe="1" outside="{int(is_outside)}" occluded="0" points="{points}" '
        'z_order="0"></polygon>\n'
    )


def _text(value: str) -> str:
    """As text of an element; XML has no control characters."""
    return escape(_printable(value))


def _printable(value: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in value)


class LabelStudio:
    """Tasks with video rectangles around the masks, as predictions that people correct; frames count from 1."""

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """None: one document holds all tasks."""
        return iter(())

    def entry(self, found: ExportedVideo) -> Json:
        """The task of a video."""
        video = found.video
        size = {"framesCount": video.n_frames, "duration": video.duration_s}
        result = [
            {
                "id": hashlib.sha256(f"{found.folder}\n{object_id}".encode("utf-8", "surrogatepass")).hexdigest()[:10],
                "type": "videorectangle",
                "from_name": "box",
                "to_name": "video",
                "value": {**size, "labels": [found.category(object_id)], "sequence": list(_sequence(found, masks))},
                "meta": {"text": [object_id]},
            }
            for object_id, masks in found.by_object().items()
        ]
        return {"data": {"video": video.uri}, "predictions": [{"model_version": "pointvos", "result": result}]}

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """``tasks.json``, and the labelling interface that it goes with."""
        yield "tasks.json", _array(entries())
        labels = "".join(f"<Label value={quoteattr(_printable(name))}/>" for name in categories)
        interface = (
            f'<View><VideoRectangle name="box" toName="video"/><Labels name="labels" toName="video">{labels}</Labels>'
            '<Video name="video" value="$video"/></View>\n'
        )
        yield "labeling_interface.xml", iter([interface.encode()])


def _sequence(found: ExportedVideo, masks: Mapping[int, Mask]) -> Iterator[Json]:
    width, height = found.video.width, found.video.height
    for idx, mask in masks.items():
        x, y, w, h = box_of(mask)
        yield {
            "frame": idx + 1, "time": found.video.time_s(idx), "enabled": idx + 1 in masks, "rotation": 0,
            "x": 100 * x / width, "y": 100 * y / height, "width": 100 * w / width, "height": 100 * h / height,
        }  # fmt: skip


def _array(values: Iterable[object]) -> Iterator[bytes]:
    before = "[\n"
    for value in values:
        yield f"{before}{json.dumps(value)}".encode("ascii")
        before = ",\n"
    yield b"\n]\n" if before == ",\n" else b"[]\n"

"""YouTube-VOS: PNGs of object indices, and ``meta.json`` with the frames and category of every object.

Source: https://youtube-vos.org/dataset/vos/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from stages.export.davis import index_maps, object_indices
from stages.export.index_png import index_png
from stages.export.masks.exported import Entries, ExportedVideo, File, Json, Pieces


class YouTubeVos:
    """Masks as PNGs of object indices."""

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """A PNG for every frame on which an object is."""
        indices = object_indices(mask.object_id for mask in found.masks)
        for frame_idx, labels in index_maps(found.video, found.masks, indices):
            if labels.any():
                yield f"Annotations/{found.folder}/{found.stem(frame_idx)}.png", index_png(labels)

    def entry(self, found: ExportedVideo) -> Json:
        """The video's part of ``meta.json``."""
        indices = object_indices(mask.object_id for mask in found.masks)
        objects = {
            str(indices[object_id]): {
                "category": found.category(object_id),
                "frames": [found.stem(frame_idx) for frame_idx in masks],
            }
            for object_id, masks in found.by_object().items()
        }
        return {"video": found.folder, "objects": objects}

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """``meta.json``."""
        yield "meta.json", _meta(entries())


def _meta(entries: Iterator[Json]) -> Iterator[bytes]:
    before = '{"videos": {\n'
    for one in entries:
        yield f"{before}{json.dumps(one['video'])}: {json.dumps({'objects': one['objects']})}".encode("ascii")
        before = ",\n"
    yield b"\n}}\n" if before == ",\n" else b'{"videos": {}}\n'

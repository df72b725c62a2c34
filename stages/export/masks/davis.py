"""DAVIS: a PNG of object indices for every frame, and ``objects.json``, which tells the object of an index."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from stages.export.davis import frame_name, index_maps, object_indices
from stages.export.index_png import index_png
from stages.export.masks.exported import Entries, ExportedVideo, File, Json, Pieces
from stages.video.mask_folders import OBJECTS_FILE


class Davis:
    """Masks as PNGs of object indices, empty ones included."""

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """A PNG for every frame that could be decoded."""
        indices = object_indices(mask.object_id for mask in found.masks)
        for frame_idx, labels in index_maps(found.video, found.masks, indices):
            yield frame_name(found.video.video_id, frame_idx, found.stems), index_png(labels)

    def entry(self, found: ExportedVideo) -> Json:
        """The object of every index."""
        indices = object_indices(mask.object_id for mask in found.masks)
        return {"video": found.video.video_id, "objects": {str(index): own for own, index in indices.items()}}

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """``objects.json``."""
        objects = {str(one["video"]): one["objects"] for one in entries()}
        yield OBJECTS_FILE, iter([json.dumps(objects, indent=1, sort_keys=True).encode("ascii")])

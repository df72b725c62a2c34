"""SA-V: ``<video>_manual.json`` with run lengths of every object on every fourth frame.

Source: the data format of SA-V (Ravi et al., "SAM 2: Segment Anything in Images and Videos").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import numpy as np

from schemas.masks import encode_rle
from stages.export.masks.exported import Entries, ExportedVideo, File, Json, Pieces, compressed

STEP = 4
"""Frames from one annotated frame to the next."""


class Sav:
    """Masks as masklets."""

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """One document."""
        video, objects = found.video, found.by_object()
        empty = {"size": [video.height, video.width], "counts": encode_rle(np.zeros((video.height, video.width), bool))}
        annotated = range(0, video.n_frames, STEP)
        masklet = [
            [compressed(masks[idx]) if idx in masks else empty for masks in objects.values()] for idx in annotated
        ]
        first = [next((i for i, idx in enumerate(annotated) if idx in masks), -1) for masks in objects.values()]
        content = {
            "video_id": found.folder,
            "video_duration": video.duration_s,
            "video_frame_count": float(video.n_frames),
            "video_height": float(video.height),
            "video_width": float(video.width),
            "video_resolution": float(video.height * video.width),
            "masklet": masklet,
            "masklet_id": list(range(len(objects))),
            "masklet_num": len(objects),
            "masklet_type": ["manual"] * len(objects),
            "masklet_first_appeared_frame": [float(i) for i in first],
            "masklet_frame_count": [len(annotated)] * len(objects),
            "object_ids": list(objects),
        }
        yield f"{found.folder}_manual.json", json.dumps(content).encode("ascii")

    def entry(self, found: ExportedVideo) -> Json:
        """None: every video has its own document."""
        return {}

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """None."""
        return iter(())

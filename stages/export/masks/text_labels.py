"""MOT and YOLO: text files of boxes and polygons.

Source: Milan et al., "MOT16: A Benchmark for Multi-Object Tracking"; https://docs.ultralytics.com/datasets/segment/
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from stages.export.masks.exported import Entries, ExportedVideo, File, Json, Pieces, box_of
from stages.export.masks.outlines import outlines


class Mot:
    """Boxes around masks: ``<video>/gt/gt.txt`` and ``<video>/seqinfo.ini``; frames and pixels count from 1.

    ``seqinfo.ini`` tells the object of every track too.
    """

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """The boxes of a video, and what it is."""
        video = found.video
        rows = [
            (frame_idx, number, box_of(mask), found.category_id(object_id))
            for number, (object_id, masks) in enumerate(found.by_object().items(), start=1)
            for frame_idx, mask in masks.items()
        ]
        lines = [
            f"{idx + 1},{number},{x + 1:g},{y + 1:g},{width:g},{height:g},1,{category},1\n"
            for idx, number, (x, y, width, height), category in sorted(rows)
        ]
        yield f"{found.folder}/gt/gt.txt", "".join(lines).encode("ascii")
        info = {
            "name": found.folder,
            "imDir": "img1",
            "frameRate": f"{video.fps:g}",
            "seqLength": video.n_frames,
            "imWidth": video.width,
            "imHeight": video.height,
            "imExt": ".jpg",
        }
        objects = dict(enumerate(found.by_object(), start=1))
        yield f"{found.folder}/seqinfo.ini", f"{_section('Sequence', info)}\n{_section('Objects', objects)}".encode()

    def entry(self, found: ExportedVideo) -> Json:
        """None: the files say everything."""
        return {}

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """None."""
        return iter(())


class Yolo:
    """Outlines in fractions of the frame: ``labels/<video>/<frame>.txt``; the largest piece of every mask."""

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """A file for every frame that could be decoded; an empty one says that nothing is on it."""
        lines: dict[int, list[str]] = defaultdict(list)
        width, height = found.video.width, found.video.height
        for object_id, masks in found.by_object().items():
            for frame_idx, mask in masks.items():
                piece = outlines(mask.decode())[0] / (width, height)
                cells = " ".join(f"{v:.6g}" for v in piece.ravel())
                lines[frame_idx].append(f"{found.category_id(object_id) - 1} {cells}\n")
        for frame_idx in found.frames():
            yield f"labels/{found.folder}/{found.stem(frame_idx)}.txt", "".join(lines[frame_idx]).encode("ascii")

    def entry(self, found: ExportedVideo) -> Json:
        """None: the files say everything."""
        return {}

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """``data.yaml`` with the names of the classes."""
        names = "".join(f"  {number - 1}: {json.dumps(name)}\n" for name, number in categories.items())
        yield "data.yaml", iter([f"path: .\ntrain: images\nval: images\nnames:\n{names}".encode("ascii")])


def _section(name: str, values: Mapping[Any, object]) -> str:
    return f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in values.items())

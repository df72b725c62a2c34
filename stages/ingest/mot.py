"""Tracks as the MOT challenge keeps them: ``<video>/gt/gt.txt`` or ``<video>.txt``, one box a line, without a header.

``frame,id,left,top,width,height[,flag[,class[,visibility]]]``: frames and pixels count from 1; in a file that has a
frame 0, frames count from 0. A line whose flag is 0 is one that the challenge ignores; it is left out. Ids of -1, as
detections have them, tell no object.

Source: Milan et al., "MOT16: A Benchmark for Multi-Object Tracking".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path, PurePosixPath

from stages.ingest.boxes import require_in_image
from stages.ingest.documents import read_text
from stages.ingest.errors import IngestError
from stages.ingest.fields import frame, number, whole
from stages.ingest.parsed import Parsed
from stages.ingest.shapes import Shape, add_shapes, video_of

_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_LINE = re.compile(rf"\s*\d+(?:\.0+)?\s*,\s*-?\d+(?:\.0+)?\s*(?:,\s*{_NUMBER}\s*){{5,8}},?\s*")
_FROM_0 = re.compile(r"^\s*0+(?:\.0+)?\s*,", re.MULTILINE)
_OWN_FOLDERS = ("gt", "det")


def is_tracks(content: str) -> bool:
    """Whether a text is a table of this layout.

    >>> is_tracks("1,1,100,200,30,40,1,-1,-1,-1"), is_tracks("frame,object,x0,y0")
    (True, False)
    """
    lines = list(islice((line for line in content[:4000].split("\n") if line.strip()), 5))
    return bool(lines) and all(_LINE.fullmatch(line) for line in lines[:-1] or lines)


def parse(root: Path, paths: Iterable[Path]) -> Parsed:
    """One localization a line."""
    parsed = Parsed(str(root))
    for path in sorted(paths):
        inside = PurePosixPath(path.relative_to(root).as_posix())
        shapes: list[Shape] = []
        content = read_text(path)
        first = 0 if _FROM_0.search(content) else 1
        for line, row in enumerate(content.split("\n"), start=1):
            if row.strip():
                with parsed.entry(f"{inside}:{line}"):
                    shapes += _read_line(row, _video(inside, root), first)
        add_shapes(parsed, shapes)
    return parsed


def _video(inside: PurePosixPath, root: Path) -> str:
    if inside.parent.name in _OWN_FOLDERS:
        return video_of(inside.parent.parent) or root.name
    if inside.stem in _OWN_FOLDERS:
        return video_of(inside.parent) or (root.parent.name if root.name in _OWN_FOLDERS else root.name)
    return str(PurePosixPath(video_of(inside.parent)) / inside.stem)


def _read_line(row: str, video_id: str, first: int) -> list[Shape]:
    cells = [cell.strip() for cell in row.strip().rstrip(",").split(",")]
    if len(cells) < 6:
        raise IngestError("malformed", f"the line has {len(cells)} of 6 columns: frame,id,left,top,width,height")
    if len(cells) > 6 and number(cells[6], "flag") == 0:
        return []
    track = whole(cells[1], "id")
    if track < 0:
        raise IngestError(
            "no_track", f"id {track} marks a detection without a track; give the file of tracks, such as gt.txt"
        )
    idx = whole(cells[0], "frame")
    if idx < first:
        raise IngestError("bad_frame", f"frame {idx}: the frames of this file count from {first}")
    left, top, width, height = (number(cell, name) for cell, name in zip(cells[2:6], _SIDES, strict=True))
    box = require_in_image((left - 1, top - 1, left - 1 + width, top - 1 + height))
    return [Shape(video_id, frame(idx - first), "", box, str(track))]


_SIDES = ("left", "top", "width", "height")

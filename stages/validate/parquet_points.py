"""Points in Parquet: our table ``points``, rows of frames with pictures, and rows of objects.

Which of them a file holds shows in its columns. Rows are read in batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.points import PointLabel
from schemas.splits import SPLITS
from schemas.table_schemas import POINTS_SCHEMA
from stages.validate.problems import Problem, SplitLedger, picture_problems, points_problems

_ROWS = 512
_FRAMES = {"video_id", "frame_idx", "width", "height", "image", "objects"}
_OBJECTS = {"video_id", "object_id", "width", "height", "n_frames", "frames"}
Row = Mapping[str, Any]


@dataclass(slots=True)
class ParquetPoints:
    """The rules of one dataset of Parquet files.

    Attributes:
        root: of the dataset; places are told from there.
    """

    root: Path
    _ledger: SplitLedger = field(default_factory=SplitLedger)
    _seen: set[int] = field(default_factory=set)

    def problems(self, file: Path) -> Iterator[Problem]:
        """Every broken rule of one file."""
        name = file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else file.name
        try:
            with pq.ParquetFile(file) as opened:
                check = self._check_for(set(opened.schema_arrow.names))
                if check is None:
                    yield Problem(name, _unknown(opened.schema_arrow.names))
                    return
                number = 0
                for batch in opened.iter_batches(_ROWS):
                    for row in batch.to_pylist():
                        number += 1
                        yield from check(f"{name} row {number}", row)
        except (pa.ArrowException, OSError) as problem:
            yield Problem(name, f"the file cannot be read ({str(problem).splitlines()[0]}); write it again")

    def _check_for(self, columns: set[str]) -> Callable[[str, Row], Iterator[Problem]] | None:
        if set(POINTS_SCHEMA.names) <= columns:
            return self._point
        if columns >= _FRAMES:
            return self._frame
        return self._object if columns >= _OBJECTS else None

    def _point(self, where: str, row: Row) -> Iterator[Problem]:
        try:
            point = PointLabel(**{name: row[name] for name in POINTS_SCHEMA.names})
        except (ValueError, TypeError) as problem:
            yield Problem(where, f"{problem}; make the points again with pointvos merge")
            return
        if min(point.x, point.y, point.frame_idx) < 0:
            yield Problem(where, f"point {(point.x, point.y)} on frame {point.frame_idx} is negative")
        key = hash((point.video_id, point.object_id, point.frame_idx, point.x, point.y, point.round))
        if key in self._seen:
            yield Problem(where, f"pixel {(point.x, point.y)} of object {point.object_id!r} is listed twice")
        self._seen.add(key)
        yield from self._ledger.problems(where, point.video_id, point.split)

    def _frame(self, where: str, row: Row) -> Iterator[Problem]:
        if missing := [name for name in _FRAMES - {"image"} if row[name] is None]:
            yield Problem(where, f"the column {missing[0]} has no value")
            return
        size, image = (row["width"], row["height"]), row["image"] or {}
        yield from picture_problems(f"{where} image {image.get('path')}", image.get("bytes"), size)
        yield from self._split(where, row)
        ids = [one["object_id"] for one in row["objects"]]
        if twice := [one for one in ids if ids.count(one) > 1]:
            yield Problem(where, f"object {twice[0]!r} is listed twice on the frame")
        for one in row["objects"]:
            yield from points_problems(f"{where} object {one['object_id']}", one["x"], one["y"], one["label"], size)

    def _object(self, where: str, row: Row) -> Iterator[Problem]:
        if missing := [name for name in _OBJECTS if row[name] is None]:
            yield Problem(where, f"the column {missing[0]} has no value")
            return
        yield from self._split(where, row)
        indices = [one["frame_idx"] for one in row["frames"]]
        if indices != sorted(set(indices)):
            yield Problem(where, f"frames {indices} are not in order, each once")
        for one in row["frames"]:
            place = f"{where} frame {one['frame_idx']}"
            if not 0 <= one["frame_idx"] < row["n_frames"]:
                yield Problem(place, f"frame {one['frame_idx']} is outside the {row['n_frames']} frames of the video")
            yield from points_problems(place, one["x"], one["y"], one["label"], (row["width"], row["height"]))

    def _split(self, where: str, row: Row) -> Iterator[Problem]:
        """The split of a row is that of its column, else that in the name of its file."""
        split = row.get("split") or Path(where.split(" row ", maxsplit=1)[0]).name.partition("-")[0]
        if split in SPLITS:
            yield from self._ledger.problems(where, row["video_id"], split)
        elif row.get("split"):
            yield Problem(where, f"split {split!r} is unknown; known: {', '.join(SPLITS)}")


def _unknown(names: list[str]) -> str:
    return (
        f"the columns {', '.join(names[:8])} are not those of points, frames or objects; expected "
        f"{', '.join(POINTS_SCHEMA.names[:4])} … or {', '.join(sorted(_FRAMES))} or {', '.join(sorted(_OBJECTS))}"
    )

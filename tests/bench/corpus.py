"""The tables of a large annotated corpus, made without a video: what ``merge``, ``export``, ``evaluate`` and the
planning of ``review push`` are measured on.

    python tests/bench/corpus.py OUT --videos 32000

writes ``OUT/run`` and ``OUT/truth``: 3 objects a video on 10 frames, 20 candidates each, and the answers of 20 people,
one a task and three to every tenth. Each video has other candidates; pictures and true masks are links to one of each.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from schemas import tables
from schemas.digests import digest
from schemas.localizations import Clicks, Localization
from schemas.tables import Table
from schemas.videos import Video

HEIGHT, WIDTH, N_FRAMES = 48, 64, 100
OBJECTS, FRAMES = ("1", "2", "3"), tuple(range(0, N_FRAMES, 10))
POINTS_A_TASK, N_PEOPLE = 20, 20
POINTS_A_VIDEO = len(OBJECTS) * len(FRAMES) * POINTS_A_TASK
_CONFIG = "{run_id: c0ffee, config_hash: beef, models: {segmenter: grabcut, propagator: flow}}"
_STRATA = np.array(["interior"] * 10 + ["ring"] * 5 + ["elsewhere"] * 5)
_WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Corpus:
    """A generated corpus in ``folder``."""

    folder: Path
    n_videos: int

    @property
    def run(self) -> RunFolder:
        return RunFolder(self.folder / "run")

    @property
    def truth(self) -> Path:
        return self.folder / "truth"

    def write(self) -> None:
        """Write everything."""
        self.run.path.mkdir(parents=True)
        self.run.config_file.write_text(_CONFIG)
        shared = self._shared()
        with _Writer(self.run, tables.VERDICTS, "label_studio-0") as verdicts:
            for number in range(self.n_videos):
                verdicts.add(self._video(number, shared))

    def _video(self, number: int, shared: Path) -> pa.Table:
        """Everything of one video; gives the verdicts on its candidates."""
        random = np.random.default_rng(number)
        video_id = f"corpus/{number:06d}"
        stem = unit_name(video_id, digest(video_id))
        candidates = _candidates(video_id, random)
        self._table(tables.CANDIDATES, stem, candidates)
        hints = [Localization(video_id, name, 0, Clicks(((9.0, 9.0),), (1,)), f"thing {name}") for name in OBJECTS]
        self._table(tables.LOCALIZATIONS, stem, tables.LOCALIZATIONS.to_arrow(hints))
        for table in (tables.MASKS, tables.REPAIRS, tables.REJECTS):
            _link(shared / f"{table.name}.parquet", self.run.table_file(table, stem))
        for frame_idx in FRAMES:
            _link(shared / "frame.jpg", self.run.frames_of(video_id) / f"{frame_idx:06d}.jpg")
            _link(shared / "truth.png", self.truth / video_id / f"{frame_idx:05d}.png")
        size = (N_FRAMES, HEIGHT, WIDTH)
        video = Video(video_id, f"{video_id}.mp4", *size, 25.0, 4.0, "h264", 0, len(OBJECTS), unit=digest(video_id))
        self._table(tables.VIDEOS, stem, tables.VIDEOS.to_arrow([video]))
        return _verdicts(number, candidates, random)

    def _table(self, table: Table[Any], stem: str, rows: pa.Table) -> None:
        path = self.run.table_file(table, stem)
        path.parent.mkdir(exist_ok=True)
        pq.write_table(rows.replace_schema_metadata(table.marks(self.run.metadata())), path, compression="zstd")

    def _shared(self) -> Path:
        """The files that all videos link to."""
        folder = self.folder / "shared"
        folder.mkdir()
        for table in (tables.MASKS, tables.REPAIRS, tables.REJECTS):
            table.write(folder / f"{table.name}.parquet", [], self.run.metadata())
        Image.new("RGB", (WIDTH, HEIGHT), (90, 110, 90)).save(folder / "frame.jpg")
        truth = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
        for place, label in enumerate((1, 2, 3)):
            truth[10:38, 2 + 20 * place : 20 + 20 * place] = label
        image = Image.fromarray(truth)
        image.putpalette(bytes(range(256)) * 3)
        image.save(folder / "truth.png")
        return folder


class _Writer:
    """One large table file, written a million rows at a time."""

    def __init__(self, run: RunFolder, table: Table[Any], stem: str) -> None:
        path = run.table_file(table, stem)
        path.parent.mkdir(exist_ok=True)
        schema = table.schema.with_metadata(table.marks(run.metadata()))
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._schema, self._held, self._n = schema, list[pa.Table](), 0

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()

    def add(self, rows: pa.Table) -> None:
        self._held.append(rows)
        self._n += rows.num_rows
        if self._n >= 1 << 20:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held).cast(self._schema))
        self._held, self._n = [], 0


def _candidates(video_id: str, random: np.random.Generator) -> pa.Table:
    n = POINTS_A_VIDEO
    text = random.bytes(16 * n).hex()
    place = np.arange(n)
    in_task = place % POINTS_A_TASK
    columns = {
        "candidate_id": [text[32 * i : 32 * i + 32] for i in range(n)],
        "video_id": [video_id] * n,
        "object_id": np.array(OBJECTS)[place // (n // len(OBJECTS))],
        "frame_idx": np.array(FRAMES)[place // POINTS_A_TASK % len(FRAMES)],
        "x": random.integers(0, WIDTH // POINTS_A_TASK, n) + in_task * (WIDTH // POINTS_A_TASK),
        "y": random.integers(0, HEIGHT, n),
        "is_fg_candidate": in_task < POINTS_A_TASK // 2,
        "stratum": _STRATA[in_task],
        "probability": random.random(n),
        "mask_distance_px": random.normal(0, 5, n),
        "quality": np.repeat(random.random(n // POINTS_A_TASK), POINTS_A_TASK),
        "round": np.zeros(n, dtype=np.int32),
        "seed": np.zeros(n, dtype=np.int64),
    }
    return _table(tables.CANDIDATES, columns)


def _verdicts(number: int, candidates: pa.Table, random: np.random.Generator) -> pa.Table:
    """One person answers every task, three every tenth; each errs in their own way."""
    ids, is_fg = candidates["candidate_id"].to_pylist(), candidates["is_fg_candidate"].to_numpy()
    task = np.arange(len(ids)) // POINTS_A_TASK
    parts = list(_answers(number, ids, is_fg, task, random))
    return pa.concat_tables(parts)


def _answers(number: int, ids: list[str], is_fg: Any, task: Any, random: np.random.Generator) -> Iterator[pa.Table]:
    for turn in range(3):
        asked = np.flatnonzero(np.ones(len(ids), bool) if turn == 0 else task % 10 == 0)
        who = (task[asked] + number + 7 * turn) % N_PEOPLE
        errs = random.random(len(asked)) < 0.01 * (1 + who)
        status = np.where(is_fg[asked] != errs, "ACCEPTED", "REJECTED").astype(object)
        status[random.random(len(asked)) < 0.03] = "AMBIGUOUS"
        n = len(asked)
        columns = {
            "candidate_id": [ids[i] for i in asked],
            "status": status,
            "annotator": [f"person-{i:02d}@example.org" for i in who],
            "source": ["label_studio"] * n,
            "lead_time_s": np.repeat(random.random(n)[::POINTS_A_TASK] * 3, POINTS_A_TASK),
            "task_key": [f"{number:06d}-{i:026d}" for i in task[asked]],
            "annotation_id": [f"{number}-{turn}-{i}" for i in task[asked]],
            "decided_at": [_WHEN] * n,
            "flag": [""] * n,
            "note": [""] * n,
            "entered_by": [""] * n,
        }
        yield _table(tables.VERDICTS, columns)


def _table(table: Table[Any], columns: dict[str, Any]) -> pa.Table:
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in table.schema]
    return pa.Table.from_arrays(arrays, schema=table.schema)


def _link(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, path)
    except OSError:  # a file takes so many links and no more
        fresh = source.with_name(f"{source.name}.new")
        fresh.write_bytes(source.read_bytes())
        fresh.replace(source)
        os.link(source, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--videos", type=int, default=32_000)
    options = parser.parse_args()
    Corpus(options.out, options.videos).write()


if __name__ == "__main__":
    main()

"""Readers of every kind get all rows of every table, whatever the videos are called."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.commands.merge import merge
from pipeline.commands.simulate import simulate
from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from schemas import tables

IDS = ("été", "视频1", "视频2", "_private", "-x", "__init__", "Ünïcode/ß", "a b", "clip=3/x", "train", "test_1")
READ = ("videos", "localizations", "masks", "repairs", "candidates", "rejects", "verdicts", "points")


@pytest.fixture
def run(finished_run, tmp_path, add_video) -> Path:
    for video_id in IDS:
        add_video(RunFolder(finished_run), video_id, ("1", "2"))
        _add_what_few_videos_have(RunFolder(finished_run), video_id)
        if not (tmp_path / "truth" / video_id).exists():
            shutil.copytree(tmp_path / "truth" / "a", tmp_path / "truth" / video_id)
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.0)
    return finished_run


def _add_what_few_videos_have(run: RunFolder, video_id: str) -> None:
    """Some videos are folders of named frames, some were damaged; most are neither."""
    (video,) = (v for v in tables.VIDEOS.records(tables.VIDEOS.read(run.path)) if v.video_id == video_id)
    names = tuple(f"{i}.jpg" for i in range(video.n_frames)) if video_id in ("été", "train") else ()
    lost = (1,) if video_id in ("_private", "train") else ()
    file = run.table_file(tables.VIDEOS, unit_name(video_id, video.unit))
    tables.VIDEOS.write(file, [replace(video, frame_names=names, lost=lost)], run.metadata())


def counts(run: Path) -> dict[str, int]:
    return {table.name: table.read(run).num_rows for table in tables.TABLES if table.name in READ}


def test_pyarrow_pandas_duckdb_and_datasets_read_all_rows_of_all_tables(run, tmp_path):
    wanted = counts(run)
    assert wanted["videos"] == len(IDS) + 2
    assert wanted["points"] == wanted["candidates"] - 24, "all but those of sub/b, which has no ground truth"
    assert {name: pq.read_table(run / name).num_rows for name in READ} == wanted
    assert {name: ds.dataset(run / name, format="parquet").count_rows() for name in READ} == wanted
    assert {name: len(pd.read_parquet(run / name)) for name in READ} == wanted
    with duckdb.connect() as database:
        found = {
            name: database.execute("SELECT count(*) FROM read_parquet(?)", [f"{run}/{name}/*.parquet"]).fetchone()[0]
            for name in READ
        }
    assert found == wanted
    assert set(pd.read_parquet(run / "points")["video_id"]) == {"a", *IDS}


def test_hugging_face_datasets_reads_all_rows(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed; it is in the dev extra")
    for table in tables.TABLES:  # a video may have nothing of a table, be it the first one in the folder
        table.write(run / table.name / "0.0123456789abcdef.parquet", [], RunFolder(run).metadata())
    wanted = counts(run)
    for name in (name for name in READ if wanted[name]):
        files, cache = f"{run}/{name}/*.parquet", str(tmp_path / "cache")
        rows = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=cache)
        assert rows.num_rows == wanted[name]


def test_a_run_of_an_earlier_version_is_read_whole_and_its_files_get_names_that_all_readers_see(run, tmp_path):
    before = counts(run)
    for table in READ:
        for file in (run / table).glob(f"{unit_name('été', '')}*"):
            file.rename(file.with_name(f"_{file.name}"))
    folder = RunFolder(run)
    old = run / "frames" / "été"
    folder.frames_of("été").rename(old)
    assert pq.read_table(run / "masks").num_rows < before["masks"]
    folder.require()
    assert {name: pq.read_table(run / name).num_rows for name in READ} == before
    frame = next(old.iterdir())
    assert folder.frame_file("été", int(frame.stem)) == frame
    assert np.asarray(Image.open(frame)).shape == (60, 80, 3)

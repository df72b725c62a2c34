"""Paths of an object store."""

from io import BytesIO
from pathlib import PurePosixPath

import pytest

from schemas import tables
from schemas.rejects import Reject
from schemas.remote_paths import RemotePath
from schemas.whole_files import left_behind, whole_file, write_whole
from tests.object_stores import MemoryStore


@pytest.fixture
def run() -> RemotePath:
    """A folder with three objects, beside another whose name begins alike."""
    store = MemoryStore()
    for name in ("run/a.parquet", "run/deep/b.parquet", "run/.c.tmp", "run2/d.parquet"):
        store.put(f"s3://bucket/{name}", BytesIO(name.encode()))
    return RemotePath("s3://bucket/run", store)


def test_parts_of_a_path_are_those_of_a_local_one(run):
    path = run / "deep" / "b.parquet"
    assert (str(path), path.name, path.stem, path.suffix) == (
        "s3://bucket/run/deep/b.parquet",
        "b.parquet",
        "b",
        ".parquet",
    )
    assert path.parent.parent == run
    assert path.with_name("c") == run.joinpath("deep", "c")
    assert path.relative_to(run) == PurePosixPath("deep/b.parquet")
    with pytest.raises(ValueError, match="s3://bucket/run2 is not below s3://bucket/run"):
        (run.parent / "run2").relative_to(run)


def test_a_folder_is_listed_without_what_is_below_it_and_without_its_neighbours(run):
    assert [path.name for path in run.glob("*.parquet")] == ["a.parquet"]
    assert [path.name for path in run.rglob("*.parquet")] == ["a.parquet", "b.parquet"]
    assert [path.name for path in run.glob("[!.]*")] == ["a.parquet"]
    assert run.is_dir()
    assert (run / "deep").is_dir()
    assert not (run / "deep").exists()
    assert not (run / "dee").is_dir()


def test_an_object_is_found_by_its_whole_name(run):
    assert (run / "a.parquet").is_file()
    assert not (run / "a").is_file()
    assert (run / "a.parquet").stat().st_size == len("run/a.parquet")
    with pytest.raises(FileNotFoundError):
        (run / "a").stat()


def test_an_object_is_written_whole_or_stays_what_it_was(run):
    write_whole(run / "a.parquet", b"new")
    with pytest.raises(ZeroDivisionError), whole_file(run / "a.parquet") as file:
        file.write(b"half" * (1 // 0))
    assert (run / "a.parquet").read_bytes() == b"new"
    with pytest.raises(ValueError, match="opened for 'wb'; an object is read as bytes and written as a whole"):
        (run / "a.parquet").open("wb")


def test_nothing_is_left_behind_in_a_store(run):
    assert list(left_behind(run)) == []


def test_a_remote_path_is_never_taken_for_a_local_file(run):
    with pytest.raises(TypeError):
        open(run)  # noqa: PTH123, SIM115


def test_a_table_in_a_store_is_that_of_a_local_folder(run, tmp_path):
    rejects = [Reject("ingest", str(i), "e", "d", "u") for i in range(3)]
    for folder in (run, tmp_path):
        for i, one in enumerate(rejects):
            tables.REJECTS.write(folder / "rejects" / f"{i}.parquet", [one], {"pointvos.run_id": "ff"})
    assert (run / "rejects" / "1.parquet").read_bytes() == (tmp_path / "rejects" / "1.parquet").read_bytes()
    assert tables.REJECTS.read(run).equals(tables.REJECTS.read(tmp_path))
    assert tables.REJECTS.read(run, [("key", "=", "2")])["key"].to_pylist() == ["2"]
    assert [rows.num_rows for rows in tables.REJECTS.read_each(tables.REJECTS.files(run))] == [1, 1, 1]
    (piece,) = tables.REJECTS.batches(run / "rejects" / "0.parquet", 0, ["key", "error"], 10)
    assert piece.to_pylist() == [{"key": "0", "error": "e"}]
    assert tables.marks_of(run / "rejects" / "0.parquet")["pointvos.run_id"] == "ff"

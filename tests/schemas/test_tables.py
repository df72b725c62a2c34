from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas import tables
from schemas.rejects import Reject
from schemas.repairs import Repair
from schemas.reviews import Verdict
from schemas.videos import Video

REJECT = Reject("decode", "v", "empty_file", "it is empty", "v.mp4")
REPAIR = Repair("v", "1", 0, "start", "embedded", 0.9, 0.5, 0.8, 0.6, 0.7, 0.1, "accepted")
VIDEO = Video("v", "v.mp4", 2, 3, 4, 2.0, 1.0, "h264", 90, times_s=(0.0, 0.7), cuts=(1,))
VERDICT = Verdict("c", "ACCEPTED", "ann", "simulated", 1.5, "t", "1", datetime(2026, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("table", "record"),
    [(tables.REJECTS, REJECT), (tables.VIDEOS, VIDEO), (tables.VERDICTS, VERDICT), (tables.REPAIRS, REPAIR)],
)
def test_a_record_comes_back_as_it_was_written(tmp_path, table, record):
    table.write(tmp_path / table.name / "a.parquet", [record], {"pointvos.run_id": "r"})
    assert table.records(table.read(tmp_path)) == [record]
    metadata = pq.read_schema(tmp_path / table.name / "a.parquet").metadata
    assert metadata[b"pointvos.run_id"] == b"r"
    assert metadata[b"pointvos.schema_version"] == str(tables.SCHEMA_VERSION).encode()


def test_files_are_compressed_with_zstd_and_equal_records_make_equal_files(tmp_path):
    for name in ("a", "b"):
        tables.REJECTS.write(tmp_path / f"{name}.parquet", [REJECT])
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


def test_every_file_of_a_table_has_all_its_columns(tmp_path):
    named = replace(VIDEO, video_id="w", frame_names=("5.jpg", "10.jpg"))
    damaged = replace(VIDEO, video_id="x", lost=(3, 4))
    for name, video in (("a", VIDEO), ("b", named), ("c", damaged)):
        tables.VIDEOS.write(tmp_path / f"videos/{name}.parquet", [video])
        assert pq.read_schema(tmp_path / f"videos/{name}.parquet").names == tables.VIDEOS.schema.names
    assert tables.VIDEOS.records(tables.VIDEOS.read(tmp_path)) == [VIDEO, named, damaged]


def test_a_file_without_columns_that_were_added_since_is_read_with_their_defaults(tmp_path):
    tables.VIDEOS.write(tmp_path / "videos/a.parquet", [VIDEO])
    older = pq.read_table(tmp_path / "videos/a.parquet").drop_columns(["frame_names", "lost"])
    pq.write_table(older, tmp_path / "videos/a.parquet")
    assert tables.VIDEOS.records(tables.VIDEOS.read(tmp_path)) == [VIDEO]


def test_an_absent_table_is_empty(tmp_path):
    assert tables.MASKS.read(tmp_path).num_rows == 0


@pytest.mark.parametrize(
    "other",
    [
        tables.REJECTS.schema.with_metadata({"pointvos.schema_version": "0"}),
        tables.REJECTS.schema.append(pa.field("colour", pa.string())).with_metadata({"pointvos.schema_version": "1"}),
        tables.REJECTS.schema,
    ],
)
def test_a_file_of_another_schema_is_refused_in_words(tmp_path, other):
    (tmp_path / "rejects").mkdir()
    pq.write_table(other.empty_table(), tmp_path / "rejects" / "a.parquet")
    with pytest.raises(ValueError, match="make the run again"):
        tables.REJECTS.read(tmp_path)


def test_a_file_that_is_older_than_a_column_reads_as_its_default(tmp_path):
    tables.VERDICTS.write(tmp_path / "new.parquet", [VERDICT])
    old = pq.read_table(tmp_path / "new.parquet").drop_columns(["flag", "note"])
    pq.write_table(old, tmp_path / "old.parquet")
    assert tables.VERDICTS.records(tables.VERDICTS.read_files([tmp_path / "old.parquet"])) == [VERDICT]
    pq.write_table(old.drop_columns(["status"]), tmp_path / "old.parquet")
    with pytest.raises(ValueError, match="make the run again"):
        tables.VERDICTS.read_files([tmp_path / "old.parquet"])


def test_a_write_that_fails_leaves_nothing_behind_and_names_the_file(tmp_path):
    (tmp_path / "a.parquet").mkdir()
    with pytest.raises(OSError, match=r"directory.*a\.parquet"):
        tables.REJECTS.write(tmp_path / "a.parquet", [REJECT])
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize("damage", ["empty", "cut", "overwritten", "renamed", "not Parquet"])
def test_a_damaged_file_is_named(tmp_path, damage):
    path = tmp_path / "rejects" / "a.parquet"
    tables.REJECTS.write(path, [REJECT] * 100)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        {
            "empty": b"",
            "cut": content[:middle],
            "overwritten": content[:4] + b"\xff" * 60 + content[64:],
            "renamed": content.replace(b"stage", b"st\xffge"),
            "not Parquet": b"a,b,c\n",
        }[damage]
    )
    with pytest.raises(tables.DamagedTableError, match=r"rejects/a\.parquet is damaged: "):
        tables.REJECTS.read(tmp_path)


def test_rows_that_no_command_writes_are_damage(tmp_path):
    table = tables.VERDICTS.to_arrow([VERDICT])
    wrong = table.set_column(1, "status", pa.array(["ACCEPTEX"]))
    with pytest.raises(tables.DamagedTableError, match="ACCEPTEX"):
        tables.VERDICTS.records(wrong)

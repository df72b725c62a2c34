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


def test_a_write_that_fails_leaves_nothing_under_the_name(tmp_path):
    (tmp_path / ".a.parquet.tmp").mkdir()
    with pytest.raises(OSError, match="directory"):
        tables.REJECTS.write(tmp_path / "a.parquet", [REJECT])
    assert not (tmp_path / "a.parquet").exists()

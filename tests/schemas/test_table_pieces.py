from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas import tables
from schemas.reviews import Skip
from schemas.table_pieces import read_pieces, write_pieces

N_ROWS = (1 << 20) + 70_000
"""More than a row group."""


@pytest.fixture(scope="module")
def rows():
    """Skips that differ."""
    one = tables.SKIPS.to_arrow([Skip("t", "al", "1", 1.5, datetime(2026, 1, 1, tzinfo=UTC))])
    names = pa.array(range(N_ROWS)).cast(pa.string())
    return one.take(pa.array([0] * N_ROWS)).combine_chunks().set_column(0, "task_key", names)


@pytest.mark.parametrize("n_rows", [0, 3, N_ROWS])
def test_rows_in_pieces_make_the_file_of_all_at_once(tmp_path, rows, n_rows):
    whole = rows.slice(0, n_rows).combine_chunks()
    tables.SKIPS.write_rows(tmp_path / "whole.parquet", whole.replace_schema_metadata(tables.SKIPS.marks({"a": "b"})))
    pieces = (whole.slice(start, 300_000) for start in range(0, n_rows, 300_000))
    write_pieces(tables.SKIPS, tmp_path / "pieces.parquet", pieces, {"a": "b"})
    assert (tmp_path / "pieces.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert pq.read_metadata(tmp_path / "pieces.parquet").num_row_groups == -(-n_rows // (1 << 20))


def test_pieces_are_read_in_order_and_no_larger_than_asked_for(tmp_path):
    skips = [Skip(f"{n}", "al", "1", 1.5, datetime(2026, 1, 1, tzinfo=UTC)) for n in range(7)]
    for name, some in (("a", skips[:5]), ("b", skips[5:])):
        tables.SKIPS.write(tmp_path / f"{name}.parquet", some)
    pieces = list(read_pieces(tables.SKIPS, [tmp_path / "a.parquet", tmp_path / "b.parquet"], ["task_key"], 2))
    assert [piece["task_key"].to_pylist() for piece in pieces] == [["0", "1"], ["2", "3"], ["4"], ["5", "6"]]

"""Tables that are read and written a piece at a time, so that no command holds more than that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.remote_paths import AnyPath
from schemas.tables import Table
from schemas.whole_files import whole_file

_GROUP_ROWS = 1 << 20
"""Rows of a row group, as pyarrow makes them of a table that is written at once."""


def read_pieces(table: Table[Any], files: Iterable[AnyPath], columns: Sequence[str], n_rows: int) -> Iterator[pa.Table]:
    """Some columns of the given files of a table, at most ``n_rows`` rows at a time, in their order."""
    for path in files:
        for row_group in range(table.n_row_groups(path)):
            yield from table.batches(path, row_group, columns, n_rows)


def write_pieces(table: Table[Any], path: AnyPath, pieces: Iterable[pa.Table], metadata: Mapping[str, str]) -> None:
    """Write rows that come in pieces: the file that :meth:`Table.write_rows` makes of all at once, byte for byte."""
    schema = table.schema.with_metadata(table.marks(metadata))
    held, n_held = list[pa.Table](), 0
    with whole_file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for piece in pieces:
            held.append(piece.replace_schema_metadata(schema.metadata))
            n_held += piece.num_rows
            while n_held >= _GROUP_ROWS:
                held, n_held = [_write_group(writer, held)], n_held - _GROUP_ROWS
        if n_held:
            _write_group(writer, held)


def _write_group(writer: pq.ParquetWriter, held: Sequence[pa.Table]) -> pa.Table:
    """Write the first rows, of one chunk as those of a table written at once are; gives the rest."""
    whole = pa.concat_tables(held)
    writer.write_table(whole.slice(0, _GROUP_ROWS).combine_chunks())
    return whole.slice(_GROUP_ROWS)

"""Partitioned rows between the steps of one command: an Arrow file whose k-th batch belongs to part k."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.remote_paths import AnyPath
from schemas.whole_files import whole_file


def write_partitioned(path: AnyPath, rows: pa.Table, part: NDArray[np.signedinteger[Any]], n_parts: int) -> None:
    """Partition rows; those of a part keep their order.

    Args:
        path: the file.
        rows: all of one chunk or several.
        part: (N,) whole numbers, the part of each row, in [0, ``n_parts``).
        n_parts: batches of the file.
    """
    order = np.argsort(part, kind="stable")
    ends = np.searchsorted(part[order], np.arange(n_parts + 1))
    (whole,) = rows.take(pa.array(order)).combine_chunks().to_batches() or [
        pa.RecordBatch.from_pylist([], schema=rows.schema)
    ]
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with whole_file(path, is_synced=False) as file, pa.ipc.new_file(file, rows.schema, options=options) as writer:
        for start, end in pairwise(ends):
            writer.write_batch(whole.slice(start, end - start))


def read_partition(path: AnyPath, number: int) -> pa.RecordBatch:
    """The rows of one part."""
    with pa.OSFile(str(path)) if isinstance(path, Path) else pa.BufferReader(path.read_bytes()) as opened:
        return pa.ipc.open_file(opened).get_batch(number)

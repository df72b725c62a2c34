"""``CollectResults``: small results of all elements → one JSON file."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.transforms.combiners import ToList
from pydantic import TypeAdapter

from schemas.remote_paths import AnyPath
from schemas.whole_files import write_whole


class CollectResults(beam.PTransform[PCollection[Any], PCollection[None]]):
    """Small results of all elements → one JSON file, which the command reads when the graph has ended."""

    def __init__(self, path: AnyPath, kind: type[Any]) -> None:
        super().__init__()
        self._path, self._kind = path, kind

    def expand(self, results: PCollection[Any]) -> PCollection[None]:
        """One file, in no particular order."""
        written: PCollection[None] = results | "AllResults" >> ToList() | "WriteResults" >> beam.Map(self._write)
        return written

    def _write(self, results: list[Any]) -> None:
        write_whole(self._path, TypeAdapter(list[self._kind]).dump_json(results), is_synced=False)  # type: ignore[name-defined]

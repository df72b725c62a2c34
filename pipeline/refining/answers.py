"""Which candidates somebody answered: one video asks about its own, all verdicts are read once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.runs.folder import RunFolder
from pipeline.runs.partitioning import verdict_rows
from schemas.remote_paths import AnyPath
from schemas.whole_files import write_whole

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class AnswersInRun:
    """Looks through all verdicts of a run each time."""

    run: RunFolder

    def __call__(self, asked: Collection[str]) -> frozenset[str]:
        """Those of some candidate ids that somebody answered."""
        wanted = pa.array(sorted(asked), pa.string())
        found: set[str] = set()
        for rows in verdict_rows(self.run, ["candidate_id"]) if asked else ():
            ids = rows["candidate_id"]
            found.update(ids.filter(pc.is_in(ids, wanted)).to_pylist())
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class AnswersInFile:
    """Looks into a file of hashes, eight bytes a candidate, for graphs over many videos."""

    path: AnyPath

    @classmethod
    def collect(cls, run: RunFolder, path: AnyPath) -> AnswersInFile:
        """Write the file for all verdicts of a run."""
        parts = [np.unique(_hashes(rows["candidate_id"].to_pylist())) for rows in verdict_rows(run, ["candidate_id"])]
        content = BytesIO()
        np.save(content, np.unique(np.concatenate([*parts, np.zeros(0, np.uint64)])), allow_pickle=False)
        write_whole(path, content.getvalue(), is_synced=False)
        return cls(path)

    def __call__(self, asked: Collection[str]) -> frozenset[str]:
        """Those of some candidate ids that somebody answered."""
        ids, known = sorted(asked), _read(self.path)
        is_known = np.isin(_hashes(ids), known, assume_unique=False)
        return frozenset(name for name, found in zip(ids, is_known.tolist(), strict=True) if found)


@lru_cache(1)
def _read(path: AnyPath) -> Hashes:
    hashes: Hashes = np.load(BytesIO(path.read_bytes()), allow_pickle=False)
    return hashes


def _hashes(ids: Collection[str]) -> Hashes:
    return np.fromiter(_each(ids), np.uint64, len(ids))


def _each(ids: Collection[str]) -> Iterator[int]:
    for name in ids:
        yield int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")

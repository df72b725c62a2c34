"""Who answered in a run, from two columns of the verdicts, a piece at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runs.folder import RunFolder
from pipeline.runs.partitioning import verdict_rows


def annotators_of(run: RunFolder) -> frozenset[str]:
    """Everybody who answered anything."""
    return frozenset(
        name for rows in verdict_rows(run, ["annotator"]) for name in rows["annotator"].unique().to_pylist()
    )


def answered_by_none_but(run: RunFolder, names: Collection[str], n_people: int) -> frozenset[str]:
    """Keys of the tasks that at least ``n_people`` of ``names`` answered, and nobody else."""
    people: dict[str, set[str]] = defaultdict(set)
    for rows in _tasks(run, names, is_by_them=True):
        for key, name in zip(rows["task_key"].to_pylist(), rows["annotator"].to_pylist(), strict=True):
            people[key].add(name)
    found = {key for key, own in people.items() if len(own) >= n_people}
    for rows in _tasks(run, names, is_by_them=False):
        found.difference_update(rows["task_key"].to_pylist())
    return frozenset(found)


def _tasks(run: RunFolder, names: Collection[str], is_by_them: bool) -> Iterator[pa.Table]:
    """(task_key, annotator) of the answers of some people, or of all others; no pair twice in a piece."""
    wanted = pa.array(sorted(names), pa.string())
    for rows in verdict_rows(run, ["task_key", "annotator"]):
        by_them = pc.is_in(rows["annotator"], wanted)
        pairs = rows.filter(by_them if is_by_them else pc.invert(by_them))
        yield pairs.group_by(["task_key", "annotator"]).aggregate([])

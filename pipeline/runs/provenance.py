"""The provenance of a run's videos: the table that people fill by a list."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path

from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import video_keys
from pipeline.runs.split_lists import rows_of
from pipeline.runs.splits import splits_of
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.provenance import UNKNOWN, Provenance

_STEM = "provenance"
_COLUMNS = ("video", "split", "source", "licence", "url", "sha256")


def provenance_of(run: RunFolder) -> dict[str, Provenance]:
    """What is known, by video id; nothing of the other videos."""
    return {one.video_id: one for one in tables.PROVENANCE.records(tables.PROVENANCE.read(run.path))}


def listed_provenance(file: Path, video_ids: Collection[str]) -> tuple[list[Provenance], list[str]]:
    """What a CSV says of the videos of a run, and its names that are not videos of the run.

    Raises:
        UsageProblem: the file cannot be read, says nothing, or contradicts itself.
    """
    found: dict[str, Provenance] = {}
    unknown = []
    for line, row in rows_of(file, ("video",)):
        if not {"source", "licence", "license", "url"} & row.keys():
            raise UsageProblem(f"{file} has none of the columns source, licence and url")
        said = [row.get("source"), row.get("licence") or row.get("license"), row.get("url")]
        if row["video"] not in video_ids:
            unknown.append(row["video"])
            continue
        one = Provenance(row["video"], *(value or UNKNOWN for value in said))
        if found.setdefault(one.video_id, one) != one:
            raise UsageProblem(
                f"{file}, line {line}: video {one.video_id!r} is listed twice with different values; keep one"
            )
    if not found:
        raise UsageProblem(
            f"{file} names no video of the run; its videos are called {', '.join(sorted(video_ids)[:3])} …"
        )
    return list(found.values()), unknown


def keep_provenance(run: RunFolder, stated: Collection[Provenance]) -> dict[str, Provenance]:
    """Add statements to the table, replacing earlier ones on the same videos; returns all."""
    known = provenance_of(run) | {one.video_id: one for one in stated}
    rows = [known[video_id] for video_id in sorted(known)]
    tables.PROVENANCE.write(run.table_file(tables.PROVENANCE, _STEM), rows, run.metadata())
    return known


def same_page(known: Mapping[str, Provenance]) -> list[tuple[str, str]]:
    """Pairs of videos with one URL: parts of one source, which no split may part."""
    by_url = defaultdict(list)
    for one in known.values():
        if one.url != UNKNOWN:
            by_url[one.url].append(one.video_id)
    return [pair for ids in by_url.values() for pair in pairwise(sorted(ids))]


def videos_csv(run: RunFolder, video_ids: Collection[str]) -> bytes:
    """A line a video: its split, where it comes from, and the SHA-256 of its file where ``pointvos split`` read it."""
    known, splits = provenance_of(run), splits_of(run)
    prints = tables.FINGERPRINTS.read(run.path, columns=["video_id", "sha256"])
    hashes = dict(zip(*(prints[name].to_pylist() for name in prints.column_names), strict=True))
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for key in video_keys(run):
        if key.video_id in video_ids:
            one = known.get(key.video_id, Provenance(key.video_id))
            facts = (one.source, one.licence, one.url, hashes.get(key.video_id) or UNKNOWN)
            lines.writerow((key.video_id, splits.get(key.video_id, UNKNOWN), *facts))
    return out.getvalue().encode("utf-8", "surrogatepass")

"""Lists of videos that people give as CSV, and shares of splits as they are typed."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from pipeline.terminal.console import UsageProblem
from schemas.splits import SPLITS
from schemas.wording import many
from stages.split.assignment import Ratios

_SHOWN = 3
_NAMES = {"valid": "val", "validation": "val", "dev": "val", "training": "train", "testing": "test"}


def ratios_of(text: str) -> Ratios:
    """Shares of train, val and test from text such as ``80/10/10``; two numbers are train and val.

    Raises:
        UsageProblem: these are no such numbers.

    >>> ratios_of("80/10/10"), ratios_of("0.75,0.25")
    ((0.8, 0.1, 0.1), (0.75, 0.25, 0.0))
    """
    try:
        shares = [float(part) for part in re.split(r"[/,:]", text)]
    except ValueError:
        shares = []
    total = sum(shares)
    if not 1 < len(shares) <= len(SPLITS) or min(shares) < 0 or not 0 < total < float("inf"):
        raise UsageProblem(f"invalid --ratios {text!r}; expected shares of train, val and test, e.g. 80/10/10")
    return tuple(share / total for share in [*shares, *[0.0] * (len(SPLITS) - len(shares))])


def rows_of(file: Path, needed: Collection[str]) -> list[tuple[int, Mapping[str, str]]]:
    """(line number, row) of a CSV file with a header; names of columns in small letters.

    Raises:
        UsageProblem: the file cannot be read, or a column is missing.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened, strict=True)
            names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
            if missing := [name for name in needed if name not in names]:
                raise UsageProblem(f"{file} has no column {missing[0]!r}; its first line is {','.join(names)!r}")
            reader.fieldnames = names
            return [(reader.line_num, {k: (v or "").strip() for k, v in row.items() if k}) for row in reader]
    except OSError as problem:
        raise UsageProblem(f"{file} cannot be read ({problem.strerror}); give a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as problem:
        raise UsageProblem(f"{file} is not a CSV file in UTF-8 ({problem}); save it as one") from None


def listed_splits(file: Path, video_ids: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Video id → split of a list with the columns ``video`` and ``split``, and sentences on videos without a match.

    Raises:
        UsageProblem: the list is wrong, or names no video of the run.
    """
    found: dict[str, str] = {}
    unknown = []
    for line, row in rows_of(file, ("video", "split")):
        split = _NAMES.get(row["split"].lower(), row["split"].lower())
        if split not in SPLITS:
            raise UsageProblem(f"{file}, line {line}: unknown split {row['split']!r}; known: {', '.join(SPLITS)}")
        if row["video"] not in video_ids:
            unknown.append(row["video"])
        elif (other := found.setdefault(row["video"], split)) != split:
            raise UsageProblem(f"{file}, line {line}: video {row['video']!r} is in {other} and in {split}; keep one")
    if not found:
        raise UsageProblem(
            f"{file} names no video of the run; its videos are called {', '.join(sorted(video_ids)[:_SHOWN])} …"
        )
    return found, _notes(file, unknown, [name for name in video_ids if name not in found])


def _notes(file: Path, unknown: list[str], unlisted: list[str]) -> list[str]:
    notes = []
    if unknown:
        notes.append(f"{file} names {many(len(unknown), 'video')} not in the run: {_some(unknown)}")
    if unlisted:
        notes.append(
            f"{file} does not name {many(len(unlisted), 'video')} of the run, drawn by the seed: {_some(unlisted)}"
        )
    return notes


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")

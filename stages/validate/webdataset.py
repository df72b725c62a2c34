"""Shards of WebDataset: TAR files with a picture and a JSON document of points for every sample.

Source: https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from schemas.json_text import parse_json
from schemas.splits import SPLITS
from stages.validate.problems import Problem, SplitLedger, picture_problems, points_problems, type_problems

_PICTURES = ("jpg", "jpeg", "png")
_DOCUMENT = {"video_id": (str,), "frame_idx": (int,), "width": (int,), "height": (int,), "objects": (list,)}
_OBJECT = {"object_id": (str,), "x": (list,), "y": (list,), "label": (list,)}


def problems_in(root: Path) -> Iterator[Problem]:
    """Every broken rule of all shards below ``root``, which may be one of them; one sample is in memory at a time."""
    ledger, seen = SplitLedger(), set[str]()
    files = [root] if root.is_file() else sorted(root.rglob("*.tar"))
    for file in files:
        split = file.name.partition("-")[0]
        try:
            with tarfile.open(file, "r|") as archive:
                for key, sample in _samples(archive):
                    where = f"{file.name} sample {key}"
                    if key in seen:
                        yield Problem(where, f"key {key!r} is repeated; the files of a sample must follow each other")
                    seen.add(key)
                    yield from _sample_problems(where, sample, split if split in SPLITS else "", ledger)
        except (tarfile.TarError, OSError, EOFError) as problem:
            yield Problem(file.name, f"the archive cannot be read to its end ({problem}); write it again")


def _samples(archive: tarfile.TarFile) -> Iterator[tuple[str, dict[str, bytes]]]:
    """(key, content by extension) of files that follow each other; a key ends at the first dot of the file's name."""

    def key_of(entry: tarfile.TarInfo) -> str:
        folder, _, name = entry.name.rpartition("/")
        return f"{folder}/{name.partition('.')[0]}".lstrip("/")

    for key, entries in groupby((entry for entry in archive if entry.isfile()), key_of):
        sample = {}
        for entry in entries:
            opened = archive.extractfile(entry)
            content = opened.read() if opened else b""
            if len(content) < entry.size:
                raise tarfile.ReadError(f"{entry.name} ends after {len(content)} of {entry.size} bytes")
            sample[entry.name.rpartition("/")[2].partition(".")[2].lower()] = content
        yield key, sample


def _sample_problems(where: str, sample: dict[str, bytes], split: str, ledger: SplitLedger) -> Iterator[Problem]:
    if missing := [kind for kind in ("json",) if kind not in sample]:
        yield Problem(where, f"there is no .{missing[0]} beside {', '.join(sorted(sample))}")
        return
    try:
        document = parse_json(sample["json"])
    except ValueError as problem:
        yield Problem(where, f"its .json is not JSON: {problem}")
        return
    problems = list(type_problems(where, document, _DOCUMENT))
    yield from problems
    if problems:
        return
    size = (document["width"], document["height"])
    picture = next((sample[kind] for kind in _PICTURES if kind in sample), None)
    yield from picture_problems(where, picture, size)
    if split:
        yield from ledger.problems(where, document["video_id"], split)
    for one in document["objects"]:
        wrong = list(type_problems(f"{where} object", one, _OBJECT))
        yield from wrong
        if not wrong:
            yield from points_problems(f"{where} object {one['object_id']}", one["x"], one["y"], one["label"], size)

"""What is wrong with files that annotate reads as hints, and with exports in the formats of annotation tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from stages.ingest.errors import IngestError
from stages.ingest.registry import read_localizations
from stages.validate import tool_files
from stages.validate.problems import Problem

KINDS = {
    "boxes": "boxes",
    "clicks": "clicks",
    "cvat": "CVAT",
    "expressions": "expressions",
    "label_studio": "Label Studio",
    "labelme": "labelme",
    "masks": "masks",
    "mot": "MOT",
    "points": "points",
    "sav": "SA-V",
    "scribbles": "scribbles",
    "vidln": "Video Localized Narratives",
    "yolo": "YOLO",
}
"""Formats of :mod:`stages.ingest` as people call them."""
_OWN_RULES: Mapping[str, Callable[[Path], Iterator[Problem]]] = {
    "mot": tool_files.mot_problems,
    "sav": tool_files.sav_problems,
    "yolo": tool_files.yolo_problems,
}


def kind_of(formats: Sequence[str]) -> str:
    """What hints of these formats are called."""
    return " and ".join(KINDS.get(name, name) for name in formats)


def hint_problems(path: Path, formats: Sequence[str]) -> Iterator[Problem]:
    """What annotate would reject, and what breaks the rules of a format beyond that. All hints are in memory.

    Args:
        path: a file or folder.
        formats: that are in it, as :func:`stages.ingest.registry.formats_in` tells them.
    """
    try:
        _, rejects = read_localizations(path)
    except IngestError as problem:
        yield Problem(path.name, problem.detail)
        rejects = []
    for reject in rejects:
        yield Problem(f"{Path(reject.input_uri).name} {reject.key}", reject.detail)
    for name in formats:
        if name in _OWN_RULES:
            yield from _OWN_RULES[name](path)

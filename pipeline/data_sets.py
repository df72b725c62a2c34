"""What kind of dataset a path holds, and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from pipeline.hint_validation import hint_problems, kind_of
from pipeline.run_validation import run_problems
from pipeline.runs.fetching import on_disk
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from schemas.json_items import JsonItems
from schemas.remote_paths import AnyPath
from schemas.splits import SPLITS
from stages.export.point_vos_check import problems_in as point_vos_problems
from stages.ingest.errors import IngestError
from stages.ingest.registry import formats_in
from stages.validate import coco, hub_folder, referring, tapvid, webdataset
from stages.validate.mask_folders import davis_problems, youtube_vos_problems
from stages.validate.parquet_points import ParquetPoints
from stages.validate.problems import Problem

KNOWN = (
    "a run folder, Point-VOS (train.json or .jsonl), Parquet files of points, a Hugging Face folder (README.md with "
    "configs), WebDataset (.tar), COCO or YouTube-VIS (.json), YouTube-VOS (meta.json and Annotations), DAVIS "
    "(Annotations), Ref-YouTube-VOS or VNG (meta_expressions.json), TAP-Vid (.pkl), and all hints that annotate reads: "
    "clicks, CVAT, Label Studio, labelme, MOT, SA-V, YOLO …"
)
_OF_FOLDERS = (referring.META, "meta.json")
"""Files that tell what lies beside them."""
_ENTRY_FILES = tuple(f"{split}.{kind}" for split in SPLITS for kind in ("json", "jsonl"))


@dataclass(frozen=True, slots=True)
class DataSet:
    """A dataset whose kind is known.

    Attributes:
        kind: for people.
        problems: finds every broken rule.
    """

    kind: str
    problems: Callable[[], Iterator[Problem]]


@contextmanager
def opened(path: AnyPath) -> Iterator[DataSet]:
    """The dataset at a path. A run in an object store is read there; files of other datasets are fetched first.

    Raises:
        UsageProblem: nothing is there, or nothing that is known.
    """
    if not isinstance(path, Path) and (path / "run.yaml").is_file():
        yield DataSet("run folder", lambda: run_problems(RunFolder(path).require()))
        return
    with on_disk(path) as local:
        yield _named_like(path, local)


def _named_like(path: AnyPath, local: Path) -> DataSet:
    """The dataset at ``local``, a copy of ``path``; what is said of it names ``path``."""

    def named(text: str) -> str:
        return text.replace(str(local), str(path))

    try:
        found = recognised(local)
    except UsageProblem as problem:
        raise UsageProblem(named(str(problem))) from None
    return DataSet(found.kind, lambda: (Problem(named(one.where), named(one.what)) for one in found.problems()))


def recognised(path: Path) -> DataSet:
    """The dataset at a path of this machine.

    Raises:
        UsageProblem: nothing is there, or nothing that is known.
    """
    if path.is_file():
        return _file(path)
    if not path.is_dir():
        raise UsageProblem(f"there is no file or folder {path}")
    if found := _folder(path):
        return found
    parts = [part for inner in sorted(path.iterdir()) if inner.is_dir() and (part := _folder(inner))]
    if len({part.kind for part in parts}) == 1:  # datasets lie a folder deeper, or a split in each folder
        return DataSet(parts[0].kind, lambda: chain.from_iterable(part.problems() for part in parts))
    if hints := _hints(path):
        return hints
    there = ", ".join(sorted(os.listdir(path))[:8]) or "nothing"  # noqa: PTH208
    raise UsageProblem(f"unknown kind of dataset {path}, which holds {there}; known: {KNOWN}")


def _file(path: Path) -> DataSet:
    suffix = path.suffix.lower()
    if path.name in _OF_FOLDERS and (found := _folder(path.parent)):
        return found
    if suffix == ".tar":
        return DataSet("WebDataset", lambda: webdataset.problems_in(path))
    if suffix == ".parquet":
        return DataSet("Parquet of points", lambda: ParquetPoints(path.parent).problems(path))
    if suffix == tapvid.SUFFIX:
        return DataSet("TAP-Vid", lambda: tapvid.problems_in(path))
    if suffix == ".json" and (found := _document(path)):
        return found
    if hints := _hints(path):
        return hints
    if suffix == ".json":
        raise UsageProblem(
            f"unknown format of {path}, with the keys {', '.join(_first_keys(path)[:8]) or 'none'}; known: {KNOWN}"
        )
    raise UsageProblem(f"unknown format of {path}; known: {KNOWN}")


def _folder(path: Path) -> DataSet | None:
    if files := [path / name for name in _ENTRY_FILES if (path / name).is_file()]:
        return _point_vos(path, files)
    if (path / "instances.json").is_file():
        return _document(path / "instances.json")
    kinds: tuple[tuple[str, bool, Callable[[Path], Iterator[Problem]]], ...] = (
        ("run folder", (path / "run.yaml").is_file(), lambda folder: run_problems(RunFolder(folder).require())),
        (_words_kind(path), (path / referring.META).is_file(), referring.problems_in),
        ("YouTube-VOS", (path / "meta.json").is_file(), youtube_vos_problems),
        ("DAVIS", (path / "Annotations").is_dir(), davis_problems),
        ("WebDataset", any(path.glob("*.tar")), webdataset.problems_in),
        ("TAP-Vid", any(path.glob(f"*{tapvid.SUFFIX}")), tapvid.problems_in),
        ("Hugging Face folder", _has_configs(path / hub_folder.CARD), hub_folder.problems_in),
        ("Parquet of points", any(path.rglob("*.parquet")), _parquet),
    )
    for kind, is_it, problems in kinds:
        if is_it:
            return DataSet(kind, partial(problems, path))
    return None


def _hints(path: Path) -> DataSet | None:
    """Hints that annotate reads, or entries of Point-VOS; None where nothing shows which.

    Raises:
        UsageProblem: the kind is unknown, since the file, or every file of the folder, is broken.
    """
    try:
        formats = formats_in(path)
    except IngestError as problem:
        if problem.error in ("unknown_format", "not_text"):
            return None
        raise UsageProblem(f"cannot tell what {path} is: {problem.detail}") from None
    if formats == ["point_vos"] and path.is_file():
        return _point_vos(path.parent, [path])
    return DataSet(kind_of(formats), partial(hint_problems, path, formats)) if formats else None


def _words_kind(folder: Path) -> str:
    return "VNG" if referring.is_narrative_grounding(folder) else "Ref-YouTube-VOS"


def _parquet(folder: Path) -> Iterator[Problem]:
    check = ParquetPoints(folder)
    for file in sorted(folder.rglob("*.parquet")):
        yield from check.problems(file)


def _has_configs(card: Path) -> bool:
    return card.is_file() and "configs:" in card.read_text(encoding="utf-8", errors="replace")


def _document(path: Path) -> DataSet | None:
    """COCO where the document says so; entries of Point-VOS where it begins with one; else None."""
    keys = _first_keys(path)
    if {"images", "annotations", "categories", "videos"} & set(keys):
        return DataSet("YouTube-VIS" if "images" not in keys else "COCO", lambda: coco.problems_in(path))
    if path.name in _ENTRY_FILES or any(len(key) == 32 for key in keys):
        return _point_vos(path.parent, [path])
    return None


def _first_keys(path: Path) -> list[str]:
    """Different keys of a document, one item in memory at a time; a broken one gives those before the damage."""
    keys: dict[str, None] = {}
    try:
        with path.open(encoding="utf-8") as opened:
            for key, _ in JsonItems(opened):
                keys[key] = None
                if len(keys) > 8:
                    break
    except (ValueError, OSError):
        pass
    return list(keys)


def _point_vos(folder: Path, files: list[Path]) -> DataSet:
    def problems() -> Iterator[Problem]:
        for text in point_vos_problems(folder, files, needs_frames=False):
            where, _, what = text.partition(": ")
            yield Problem(where, what)

    return DataSet("Point-VOS", problems)

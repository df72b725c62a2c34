"""Localization files by format, named or told by their content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.localizations import Localization
from schemas.rejects import Reject
from stages.ingest import (
    boxes,
    clicks,
    coco,
    cvat,
    expressions,
    label_studio,
    labelme,
    masks,
    mot,
    point_tables,
    point_vos,
    sav,
    scribbles,
    tapvid,
    video_instances,
    vidln,
    yolo,
)
from stages.ingest.detection import AUTO, FORMATS, detect_format
from stages.ingest.documents import read_json, read_text
from stages.ingest.duplicates import drop_duplicates
from stages.ingest.errors import IngestError
from stages.ingest.parsed import Parsed
from stages.ingest.video_instances import is_video_instances
from stages.video.corpus import JPEG_EXTENSIONS
from stages.video.mask_folders import OBJECTS_FILE

_BY_FOLDER: Mapping[str, Callable[[Path, Iterable[Path]], Parsed]] = {
    "labelme": labelme.parse,
    "masks": masks.parse,
    "mot": mot.parse,
    "yolo": yolo.parse,
}
"""Formats whose files say by their place in the folder which video and frame they are about."""
_BY_DOCUMENT: Mapping[str, Callable[[Any, str], Parsed]] = {
    "clicks": clicks.parse,
    "label_studio": label_studio.parse,
    "sav": sav.parse,
    "scribbles": scribbles.parse,
}
_BY_FILE: Mapping[str, Callable[[Path], Parsed]] = {
    "point_vos": point_vos.parse,
    "points": point_tables.parse,
    "tapvid": tapvid.parse,
}
_BY_TEXT: Mapping[str, Callable[[str, str], Parsed]] = {"cvat": cvat.parse, "vidln": vidln.parse}
MASK_SUFFIX = ".png"
HINT_SUFFIXES = (
    ".csv", ".json", ".jsonl", ".ndjson", ".tsv", ".txt", ".xml", tapvid.SUFFIX, *point_tables.SUFFIXES,
)  # fmt: skip
_BESIDE = {
    *yolo.CLASS_FILES,
    *("croissant.json", "labeling_interface.xml", "orig_masks.json", "videos.csv"),
    OBJECTS_FILE,
    point_vos.VIDEOS_FILE,
}
"""Files that tell what others mean, or nothing of where objects are."""
_BESIDE_MASKS = "meta.json"
"""As YouTube-VOS has it."""


def read_localizations(path: Path | str, fmt: str = AUTO) -> tuple[list[Localization], list[Reject]]:
    """Read a localization file, or a folder of files of one format.

    Args:
        path: the file or folder.
        fmt: a name in :data:`FORMATS`, or ``auto`` to tell it by the content.

    Returns:
        Localizations in file order, with the videos named as the files name them, and what was rejected.

    Raises:
        IngestError: the whole input cannot be read: ``unknown_format``, ``missing_file``, ``empty_file``, ``not_json``,
            ``no_localizations`` ...
    """
    path = Path(path)
    if fmt not in (AUTO, *FORMATS):
        raise IngestError("unknown_format", f"unknown localization format {fmt!r}; known: auto, {', '.join(FORMATS)}")
    if not path.exists():
        raise IngestError("missing_file", f"there is no localization file or folder {str(path)!r}")
    parsed = _read_folder(path, fmt) if path.is_dir() else _read_named(path, fmt)
    localizations, duplicates = drop_duplicates(parsed.localizations)
    if not localizations and not parsed.rejects:
        raise IngestError("no_localizations", f"{str(path)!r} holds no localizations")
    return localizations, parsed.rejects + duplicates


def formats_in(path: Path) -> list[str]:
    """The formats of a localization file, or of the files of a folder that can be read; none in a folder without them.

    Raises:
        IngestError: the file, or every file of the folder, is broken or of an unknown format.
    """
    if path.is_file():
        return [detect_format(path)]
    pngs, texts = _hint_files(_files_below(path))
    if pngs and not texts:
        return ["masks"]
    parsed = Parsed(str(path))
    found = sorted(_by_format(path, texts, AUTO, parsed))
    if parsed.rejects and not found:
        raise IngestError(parsed.rejects[0].error, parsed.rejects[0].detail)
    return found


def _read_named(path: Path, fmt: str) -> Parsed:
    """The file in the format that was named; where nothing of it can be read so, what it is instead."""
    try:
        parsed = _read_file(path, fmt)
    except IngestError as problem:
        _refuse_other_format(path, fmt, problem)
        raise
    if not parsed.localizations:
        _refuse_other_format(path, fmt)
    return parsed


def _refuse_other_format(path: Path, fmt: str, problem: IngestError | None = None) -> None:
    """Raise IngestError when a file that cannot be read in the format ``fmt`` is of another one."""
    if fmt == AUTO or (problem and problem.error in ("not_text", "empty_file", "missing_file", "unreadable")):
        return
    try:
        found = detect_format(path)
    except IngestError:
        return
    if found != fmt:
        raise IngestError(
            "wrong_format", f"{str(path)!r} looks like {found}, not {fmt}; leave out --format, or give --format {found}"
        )


def _read_file(path: Path, fmt: str) -> Parsed:
    name, uri = detect_format(path) if fmt == AUTO else fmt, str(path)
    if name in _BY_FOLDER:
        return _BY_FOLDER[name](path.parent, [path])
    if name in _BY_FILE:
        return _BY_FILE[name](path)
    if name in _BY_DOCUMENT:
        return _BY_DOCUMENT[name](read_json(path), uri)
    if name in _BY_TEXT:
        return _BY_TEXT[name](read_text(path), uri)
    return _read_boxes(path) if name == "boxes" else _read_expressions(path)


def _read_boxes(path: Path) -> Parsed:
    content, uri = read_text(path), str(path)
    if not content.lstrip().startswith("{"):
        return boxes.parse(content, uri)
    document = read_json(path)
    return video_instances.parse(document, uri) if is_video_instances(document) else coco.parse(document, uri)


def _read_expressions(path: Path) -> Parsed:
    content = read_text(path)
    if path.suffix.lower() == ".jsonl" or expressions.is_expression(content.strip().split("\n", 1)[0]):
        return expressions.parse_lines(content, str(path))
    return expressions.parse_meta(read_json(path), str(path))


def _read_folder(folder: Path, fmt: str) -> Parsed:
    files = _files_below(folder)
    pngs, texts = _hint_files(files)
    if (fmt == "masks" and pngs) or (fmt == AUTO and pngs and not texts):
        return masks.parse(folder, pngs)
    if not pngs and not texts and (lossy := [p for p in files if p.suffix.lower() in JPEG_EXTENSIONS]):
        detail = (
            f"{str(folder)!r} holds JPEG files such as {lossy[0].name!r}, whose values are not exact; save masks as PNG"
        )
        raise IngestError("lossy_masks", detail)
    if not texts:
        raise IngestError("no_localizations", _without_hints(folder, files))
    parsed = Parsed(str(folder))
    by_format = _by_format(folder, texts, fmt, parsed)
    if fmt == AUTO and pngs and not set(by_format) <= {*_BY_FOLDER, "point_vos"}:
        raise IngestError("mixed_formats", f"{str(folder)!r} holds PNG and text files; name the format")
    for name, paths in by_format.items():
        if name in _BY_FOLDER:
            parsed.extend(_BY_FOLDER[name](folder, paths))
            continue
        for path in paths:
            with parsed.entry(path.relative_to(folder).as_posix()):
                parsed.extend(_read_file(path, name))
    if not parsed.localizations and {one.error for one in parsed.rejects} & {"foreign_format", "unknown_format"}:
        raise IngestError(
            parsed.rejects[0].error, f"none of {len(texts)} files can be read; {parsed.rejects[0].detail}"
        )
    return parsed


def _files_below(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))


def _hint_files(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Mask PNGs, and the other files that tell where objects are."""
    pngs = [p for p in files if p.suffix.lower() == MASK_SUFFIX]
    beside = {*_BESIDE, _BESIDE_MASKS} if pngs else _BESIDE
    texts = [p for p in files if p.suffix.lower() in HINT_SUFFIXES and p.name.lower() not in beside]
    return pngs, point_tables.without_copies(texts)


def _by_format(folder: Path, texts: Sequence[Path], fmt: str, parsed: Parsed) -> dict[str, list[Path]]:
    """The files by format. An empty file beside YOLO labels says that nothing is on its frame."""
    if fmt != AUTO:
        return {fmt: list(texts)}
    found: dict[str, list[Path]] = {}
    empty: list[Path] = []
    for path in texts:
        if not path.stat().st_size:
            empty.append(path)
            continue
        if _is_empty(path):
            continue
        with parsed.entry(path.relative_to(folder).as_posix()):
            found.setdefault(detect_format(path), []).append(path)
    if "yolo" not in found:
        for path in empty:
            with parsed.entry(path.relative_to(folder).as_posix()):
                read_text(path)
    return found


def _is_empty(path: Path) -> bool:
    """Whether a file holds an empty JSON document, as export writes it for a split without videos."""
    return path.suffix.lower() == ".json" and path.stat().st_size < 9 and path.read_bytes().strip() in (b"{}", b"[]")


def _without_hints(folder: Path, files: Sequence[Path]) -> str:
    kinds = Counter(path.suffix.lower() or "without extension" for path in files)
    there = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4)) or "nothing"
    wanted = f"{', '.join(HINT_SUFFIXES)} or mask PNGs <video>/<frame>.png"
    return f"folder {str(folder)!r} holds no localizations: expected {wanted}, found {there}"

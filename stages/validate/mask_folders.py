"""DAVIS and YouTube-VOS: PNGs of object indices beside the frames, lists of splits, ``meta.json``.

Sources: https://davischallenge.org/davis2017/code.html, https://youtube-vos.org/dataset/vos/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.json_text import parse_json
from stages.validate.problems import Problem, SplitLedger, index_map, picture_size

_VOID = 255
_MODES = ("P", "L", "1")
_FRAME_KINDS = (".jpg", ".jpeg", ".png")


def davis_problems(root: Path) -> Iterator[Problem]:
    """Every broken rule below ``root``, which holds ``Annotations`` and, where there are frames, ``JPEGImages``."""
    names = []
    for folder in _sequences(root / "Annotations"):
        name = folder.relative_to(root / "Annotations").as_posix()
        names.append(name)
        yield from sequence_problems(root, name)
    if not names:
        yield Problem("Annotations", "there is no PNG; expected Annotations/<video>/<frame>.png")
    yield from _list_problems(root, {name.rpartition("/")[2] for name in names} | set(names))


def youtube_vos_problems(root: Path) -> Iterator[Problem]:
    """Every broken rule below ``root``, which holds ``meta.json`` and ``Annotations``."""
    try:
        videos = parse_json((root / "meta.json").read_bytes())["videos"]
        described = {str(name): dict(entry["objects"]) for name, entry in dict(videos).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        yield Problem("meta.json", f"cannot be read as {{videos: {{name: {{objects: …}}}}}}: {problem!r}")
        return
    for name, objects in described.items():
        try:
            yield from _described_problems(root, name, objects)
        except OSError as problem:
            yield Problem(
                f"meta.json video {name}", f"its files cannot be listed ({problem}); its other objects were not read"
            )
    for folder in _sequences(root / "Annotations"):
        name = folder.relative_to(root / "Annotations").as_posix()
        if name not in described:
            yield Problem(f"Annotations/{name}", f"video {name!r} is not in meta.json")
        yield from sequence_problems(root, name, described.get(name))


def _sequences(annotations: Path) -> list[Path]:
    return sorted({file.parent for file in annotations.rglob("*.png")})


def sequence_problems(root: Path, name: str, objects: Mapping[str, Any] | None = None) -> Iterator[Problem]:
    """The masks of one video: readable, of one size, that of their frames, and of indices that are known."""
    frames = _frames(root / "JPEGImages" / name)
    size: tuple[int, ...] | None = None
    for file in sorted((root / "Annotations" / name).glob("*.png")):
        where = file.relative_to(root).as_posix()
        try:
            mode, labels = index_map(file)
        except OSError as problem:
            yield Problem(where, f"the PNG cannot be decoded ({problem}); write it again")
            continue
        if mode not in _MODES or labels.ndim != 2:
            yield Problem(where, f"mode {mode!r} holds no object indices; save it with a palette (mode P) or grey (L)")
            continue
        if size not in (None, labels.shape):
            yield Problem(where, f"{_size(labels)} pixels; the masks before have {size[1]} x {size[0]}")
        size = size or labels.shape
        if objects is not None:
            yield from _index_problems(where, labels, objects)
        if frames is not None:
            yield from _frame_problems(where, frames.get(file.stem), labels)
    if frames and not (root / "Annotations" / name / f"{min(frames)}.png").is_file() and objects is None:
        yield Problem(f"Annotations/{name}", f"the first frame {min(frames)!r} has no mask to track objects from")


def _frames(folder: Path) -> dict[str, Path] | None:
    """Frames by their names without extension; None where the dataset has no pictures."""
    if not folder.is_dir():
        return None
    return {file.stem: file for file in folder.iterdir() if file.suffix.lower() in _FRAME_KINDS}


def _frame_problems(where: str, frame: Path | None, labels: NDArray[Any]) -> Iterator[Problem]:
    if frame is None:
        yield Problem(where, "there is no frame of that name in JPEGImages")
    elif (found := picture_size(frame)) != (labels.shape[1], labels.shape[0]):
        there = "cannot be read" if found is None else f"has {found[0]} x {found[1]} pixels"
        yield Problem(where, f"the mask has {_size(labels)} pixels, its frame {there}")


def _index_problems(where: str, labels: NDArray[Any], objects: Mapping[str, Any]) -> Iterator[Problem]:
    known = {int(number) for number in objects if str(number).isdecimal()}
    if others := sorted({*np.unique(labels).tolist()} - known - {0, _VOID}):
        yield Problem(where, f"object {others[0]} is not in meta.json, which lists {sorted(known)}")


def _described_problems(root: Path, name: str, objects: Mapping[str, Any]) -> Iterator[Problem]:
    """What ``meta.json`` says of one video: numbered objects with a category, on frames that have a mask."""
    for number, entry in objects.items():
        where = f"meta.json video {name} object {number}"
        if not (str(number).isdecimal() and 0 < int(number) < _VOID):
            yield Problem(where, f"object {number!r} is not a number from 1 to 254")
        if not isinstance(entry, dict) or not isinstance(entry.get("category"), str):
            yield Problem(where, "the field category is missing")
        frames = entry.get("frames") if isinstance(entry, dict) else None
        for frame in frames if isinstance(frames, list) else ():
            if not (root / "Annotations" / name / f"{frame}.png").is_file():
                yield Problem(where, f"frame {frame!r} has no mask in Annotations")


def _list_problems(root: Path, names: set[str]) -> Iterator[Problem]:
    """Lists of ``ImageSets``: every name has masks, no name is in two of train, val and test."""
    for folder in sorted({file.parent for file in (root / "ImageSets").rglob("*.txt")}):
        ledger = SplitLedger()
        for file in sorted(folder.glob("*.txt")):
            for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
                where, name = f"{file.relative_to(root).as_posix()} line {number}", _named(line)
                if name and name not in names:
                    yield Problem(where, f"sequence {name!r} has no masks in Annotations")
                if name and file.stem in ("train", "val", "test", "test-dev", "test-challenge"):
                    yield from ledger.problems(where, name, file.stem)


def _named(line: str) -> str:
    """The sequence of a line: its name, or the path of a frame as DAVIS 2016 writes it."""
    first = (line.split() or [""])[0]
    return Path(first).parent.name if "/" in first and Path(first).suffix else first


def _size(labels: NDArray[Any]) -> str:
    return f"{labels.shape[1]} x {labels.shape[0]}"

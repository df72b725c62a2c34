"""Pickles of TAP-Vid: tracks of points and the pictures of their videos.

Source: https://github.com/google-deepmind/tapnet
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.array_pickles import read_pickle
from schemas.splits import SPLITS
from stages.validate.problems import Problem, SplitLedger

SUFFIX = ".pkl"
_AXES = {"points": "(N, T, 2)", "occluded": "(N, T)"}


def problems_in(root: Path) -> Iterator[Problem]:
    """Every broken rule of one pickle, or of all in a folder; one of them is in memory at a time."""
    ledger = SplitLedger()
    for file in [root] if root.is_file() else sorted(root.glob(f"*{SUFFIX}")):
        try:
            entries = _entries(read_pickle(file))
        except (OSError, ValueError) as problem:
            yield Problem(
                file.name, f"it cannot be read as tracks ({problem}); expected {{video: {{points, occluded}}}}"
            )
            continue
        if not entries:
            yield Problem(file.name, "there is no video in it")
        for name, entry in entries.items():
            yield from _entry_problems(f"{file.name} video {name}", entry)
            if file.stem in SPLITS:
                yield from ledger.problems(f"{file.name} video {name}", name, file.stem)


def _entries(document: Any) -> dict[str, Any]:
    if isinstance(document, Mapping) and "points" not in document:
        return {str(name): entry for name, entry in document.items()}
    return {str(number): entry for number, entry in enumerate(document if isinstance(document, list) else [document])}


def _entry_problems(where: str, entry: Any) -> Iterator[Problem]:
    if not isinstance(entry, Mapping):
        yield Problem(where, f"{type(entry).__name__} is not an entry; expected points and occluded")
        return
    arrays = {name: _array(entry.get(name)) for name in _AXES}
    for name, axes in _AXES.items():
        if arrays[name].dtype.kind not in "fiub" or arrays[name].ndim != axes.count(",") + 1:
            yield Problem(where, f"{name} is of shape {arrays[name].shape}; expected numbers of shape {axes}")
            return
    points, hidden = arrays["points"], arrays["occluded"].astype(bool)
    if points.shape != (*hidden.shape, 2):
        yield Problem(where, f"points are {points.shape} and occluded {hidden.shape}; expected (N, T, 2) and (N, T)")
        return
    yield from _track_problems(where, points, hidden)
    yield from _beside_problems(where, entry, hidden)
    yield from _film_problems(where, entry.get("video"), hidden.shape[1])


def _array(value: Any) -> NDArray[Any]:
    """The array of a value; an empty one of objects where lists in it are not of equal lengths."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.empty(0, dtype=object)


def _track_problems(where: str, points: NDArray[Any], hidden: NDArray[np.bool_]) -> Iterator[Problem]:
    """A track is seen, and lies in the frame wherever it is."""
    with np.errstate(invalid="ignore"):
        is_inside: NDArray[np.bool_] = np.all((points >= 0) & (points <= 1), axis=2)
    for number in range(len(hidden)):
        if hidden[number].all():
            yield Problem(f"{where} track {number}", "the point is visible on no frame")
        outside = np.flatnonzero(~hidden[number] & ~is_inside[number])
        if len(outside):
            x, y = points[number, outside[0]].tolist()
            yield Problem(
                f"{where} track {number} frame {outside[0]}", f"point ({x:g}, {y:g}) lies outside; expected 0 to 1"
            )


def _beside_problems(where: str, entry: Mapping[str, Any], hidden: NDArray[np.bool_]) -> Iterator[Problem]:
    """What export writes of every track: its object, and the frame on which people confirmed it."""
    n_tracks, n_frames = hidden.shape
    for name in ("object_ids", "verified_frames"):
        if name in entry and (shape := _array(entry[name]).shape) != (n_tracks,):
            there = f"{shape[0]}" if len(shape) == 1 else f"{shape}"
            yield Problem(where, f"{there} {name} for {n_tracks} tracks; expected as many")
            return
    verified = _array(entry.get("verified_frames", np.zeros(0, dtype=np.int64)))
    if verified.dtype.kind not in "iu":
        yield Problem(where, f"verified_frames are of type {verified.dtype}; expected indices of frames")
        return
    for number, idx in enumerate(verified.tolist()):
        if not 0 <= idx < n_frames or hidden[number, idx]:
            yield Problem(f"{where} track {number}", f"the point is not visible on its verified frame {idx}")


def _film_problems(where: str, film: Any, n_frames: int) -> Iterator[Problem]:
    """Pictures are there for every frame of the tracks, where there are pictures; some datasets keep JPEGs."""
    if film is None or isinstance(film, list):
        if isinstance(film, list) and len(film) != n_frames:
            yield Problem(where, f"{len(film)} pictures for {n_frames} frames; expected as many")
        return
    found = _array(film)
    if found.dtype != np.uint8 or found.ndim != 4 or found.shape[3] != 3:
        yield Problem(where, f"video is {found.dtype} of shape {found.shape}; expected uint8 of (T, H, W, 3)")
    elif len(found) != n_frames:
        yield Problem(where, f"{len(found)} pictures for {n_frames} frames; expected as many")

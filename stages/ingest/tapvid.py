"""Tracks of points as TAP-Vid's pickles have them: ``{video: {"points", "occluded"}}``, or a list of such entries.

``points`` (N, T, 2) is in [0, 1] of the frame, x first; ``occluded`` (N, T) is bool. Every track is a click on its
object: on the first frame on which it is seen, or the one that ``verified_frames`` names. ``object_ids`` tells the
object of a track; without it, each track is an object of its own. A pickle is read without running anything in it.

Source: https://github.com/google-deepmind/tapnet
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.array_pickles import read_pickle
from schemas.localizations import Clicks, Localization
from stages.ingest.errors import IngestError
from stages.ingest.fields import mapping, optional_text, shown_keys
from stages.ingest.parsed import Parsed

SUFFIX = ".pkl"
GROUP = "objects"


def parse(path: Path) -> Parsed:
    """One localization for every object and frame on which one of its tracks begins."""
    parsed = Parsed(str(path))
    for video_id, entry in _entries(_loaded(path)):
        with parsed.entry(video_id or "tracks"):
            _read_entry(video_id, mapping(entry, "an entry of tracks"), parsed)
    return parsed


def _loaded(path: Path) -> Any:
    try:
        return read_pickle(path)
    except ValueError as problem:
        raise IngestError("not_tracks", f"{str(path)!r} is not a pickle of TAP-Vid: {problem}") from None


def _entries(document: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(document, Mapping) and "points" not in document:
        yield from ((str(video_id), entry) for video_id, entry in document.items())
        return
    entries = document if isinstance(document, list) else [document]
    for entry in entries:
        name = optional_text(entry, "video_name") or optional_text(entry, "video_id")
        if not name and len(entries) > 1:
            raise IngestError("no_video", "entries of a list must name their video in video_name or video_id")
        yield name, entry


def _read_entry(video_id: str, entry: Mapping[str, Any], parsed: Parsed) -> None:
    points, hidden = _array(entry, "points", 3), _array(entry, "occluded", 2).astype(bool)
    if points.shape != (*hidden.shape, 2):
        raise IngestError(
            "malformed", f"points are {points.shape} and occluded {hidden.shape}; expected (N, T, 2), (N, T)"
        )
    n_tracks, n_frames = hidden.shape
    objects = [str(one) for one in entry.get("object_ids", range(n_tracks))]
    starts = np.asarray(entry.get("verified_frames", np.argmin(hidden, axis=1)))
    if len(objects) != n_tracks or starts.shape != (n_tracks,):
        raise IngestError(
            "malformed", f"object_ids and verified_frames must have one entry for each of {n_tracks} tracks"
        )
    clicks: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    for number, (object_id, idx) in enumerate(zip(objects, starts.tolist(), strict=True)):
        with parsed.entry(f"{video_id}, track {number}"):
            if not 0 <= idx < n_frames or hidden[number, idx]:
                raise IngestError("never_seen", "the point is visible on no frame")
            x, y = points[number, idx].astype(float).tolist()
            if not (0 <= x <= 1 and 0 <= y <= 1):
                raise IngestError(
                    "outside_image", f"point ({x:g}, {y:g}) lies outside the image; x and y are in [0, 1]"
                )
            clicks[object_id, idx].append((x, y))
    for (object_id, idx), own in clicks.items():
        hint = Clicks(tuple(own), (1,) * len(own))
        parsed.localizations.append(
            Localization(video_id, object_id, idx, hint, "", "", GROUP, hint.kind, parsed.input_uri, unit="fraction")
        )


def _array(entry: Mapping[str, Any], name: str, n_axes: int) -> NDArray[Any]:
    if name not in entry:
        raise IngestError("missing_field", f"field {name!r} is missing; there are {shown_keys(map(str, entry))}")
    found = np.asarray(entry[name])
    if found.ndim != n_axes or found.dtype.kind not in "fiub":
        raise IngestError(
            "malformed", f"{name} is of shape {found.shape}, {found.dtype}; expected {n_axes} axes of numbers"
        )
    return found

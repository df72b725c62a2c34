"""All hints of a run, in one file that ``annotate`` reads; every change is written at once, whole or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.localizations import SEEN, Box, Clicks, Localization, Scribble
from schemas.remote_paths import AnyPath
from schemas.whole_files import write_whole
from stages.ingest import clicks
from stages.ingest.documents import read_json
from stages.ingest.errors import IngestError
from stages.ingest.parsed import Parsed
from verification_ui.gate.refusals import Refusal
from verification_ui.studio.records import Hint

Key = tuple[int, str]
"""(frame_idx, object_id)"""


@dataclass
class HintFile:
    """The hints of all videos.

    Attributes:
        path: of the file, in the format ``clicks``.
    """

    path: AnyPath
    _hints: dict[str, dict[Key, Hint]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    def read(cls, path: AnyPath) -> HintFile:
        """The hints of a file; none when there is none.

        Raises:
            Refusal: the file holds something else.
        """
        hints = cls(path)
        if path.exists():
            try:
                parsed = clicks.parse(read_json(path), str(path))
            except IngestError as problem:
                raise Refusal(f"{path} is not a file of hints: {problem}") from None
            for one in parsed.localizations:
                hints._take(one)
        return hints

    def of(self, video_id: str) -> tuple[Hint, ...]:
        """The hints of a video, by frame and object."""
        with self._lock:
            return tuple(hint for _, hint in sorted(self._hints.get(video_id, {}).items()))

    def put(self, video_id: str, hint: Hint) -> None:
        """Replace what was drawn on an object and a frame, and write the file."""
        with self._lock:
            own = self._hints.setdefault(video_id, {})
            own.pop((hint.frame_idx, hint.object_id), None)
            if not hint.is_empty:
                own[hint.frame_idx, hint.object_id] = hint
            if hint.name:
                self._name(video_id, hint.object_id, hint.name)
            self._write()

    def rename(self, video_id: str, object_id: str, name: str) -> None:
        """Give an object a name, and write the file."""
        with self._lock:
            self._name(video_id, object_id, name)
            self._write()

    def remove(self, video_id: str, object_id: str) -> tuple[Hint, ...]:
        """Drop all hints of an object, and write the file; returns them."""
        with self._lock:
            own = self._hints.get(video_id, {})
            gone = tuple(own.pop(key) for key in sorted(own) if key[1] == object_id)
            self._write()
            return gone

    def _name(self, video_id: str, object_id: str, name: str) -> None:
        own = self._hints.get(video_id, {})
        for key in [key for key in own if key[1] == object_id]:
            own[key] = replace(own[key], name=name)

    def _take(self, one: Localization) -> None:
        own = self._hints.setdefault(one.video_id, {})
        key = (one.frame_idx, one.object_id)
        own[key] = _with(own.get(key, Hint(one.object_id, one.frame_idx, name=one.object_name)), one)

    def _write(self) -> None:
        document = {video_id: entries(own.values()) for video_id, own in sorted(self._hints.items()) if own}
        write_whole(self.path, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())


def _with(hint: Hint, one: Localization) -> Hint:
    match one.hint:
        case Clicks(xy_px, labels):
            points = tuple((x, y, label) for (x, y), label in zip(xy_px, labels, strict=True))
            return replace(hint, points=(*hint.points, *points))
        case Box(xyxy_px):
            return replace(hint, box=xyxy_px)
        case Scribble(strokes_norm):
            return replace(hint, strokes=(*hint.strokes, *strokes_norm))
    return hint


def entries(hints: Iterable[Hint]) -> list[dict[str, Any]]:
    """Hints of one video as the entries of a ``clicks`` document, one a frame, in order."""
    found: dict[int, dict[str, Any]] = {}
    for hint in sorted(hints, key=lambda hint: (hint.frame_idx, hint.object_id)):
        entry = found.setdefault(hint.frame_idx, {"frame": hint.frame_idx, SEEN: True, "points": []})
        named = {"object_id": hint.object_id, **({"name": hint.name} if hint.name else {})}
        entry["points"] += [{**named, "x": x, "y": y, "label": label} for x, y, label in hint.points]
        if hint.box is not None:
            box = dict(zip(("x0", "y0", "x1", "y1"), hint.box, strict=True))
            entry.setdefault("boxes", []).append({**named, **box})
        if hint.strokes:
            strokes = [{**named, "path": [list(point) for point in stroke]} for stroke in hint.strokes]
            entry.setdefault("strokes", []).extend(strokes)
    return [found[idx] for idx in sorted(found)]


def localizations(video_id: str, hints: Sequence[Hint], input_uri: str) -> Parsed:
    """Hints as ``annotate`` reads them from the file."""
    return clicks.parse({video_id: entries(hints)} if hints else {}, input_uri)

"""The pictures of the queue: made once, frame by frame, into one folder from which nothing else is served."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.rejects import Reject
from schemas.reviews import ReviewTask
from verification_ui import drawing
from verification_ui.drawing import Image
from verification_ui.keys import CANDIDATE_KEYS
from verification_ui.objects import AskedObject, ObjectKey

QUEUE = "queue"
"""Everything that is served lies in this subfolder of the media folder."""

VERSION = "1"
"""Raised when the drawing changes, so that old pictures are not taken for new ones."""

_FRAME_LONGEST_PX, _REFERENCE_LONGEST_PX = (854, 1280), (640, 854)
_QUALITY = 85
_Masks = Mapping[tuple[str, int], Mask]


@dataclass(frozen=True, slots=True)
class MediaNames:
    """The pictures of one task, as POSIX paths below the media folder."""

    sheet: str
    frame: str
    reference: str


def media_names(task: ReviewTask, asked: AskedObject) -> MediaNames:
    """Short, safe and stable names; the reference picture is shared by all tasks that show the same one."""
    anchor = asked.anchor_near(task.frame_idx)
    reference = _hash(task.video_id, task.object_id, str(anchor))
    stem = f"{QUEUE}/{task.task_key[:2]}/{_hash(task.task_key)}"
    frame = f"{QUEUE}/frames/{_hash(task.video_id, str(task.frame_idx))}" if task.design == "frame" else f"{stem}-f"
    return MediaNames(f"{stem}-s.jpg", f"{frame}.jpg", f"{QUEUE}/references/{reference}.jpg")


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join((VERSION, *parts)).encode("utf-8", "surrogatepass")).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class MediaMaker:
    """Draws what the tasks of a run show.

    Attributes:
        folder: the media folder of the run.
        frame_file: where the JPEG of (video_id, frame_idx) lies.
        masks_of: the masks of one video by (object_id, frame_idx).
        candidates: by id.
        objects: what is asked about, by (video_id, object_id).
    """

    folder: Path
    frame_file: Callable[[str, int], Path]
    masks_of: Callable[[str], _Masks]
    candidates: Mapping[str, PointCandidate]
    objects: Mapping[ObjectKey, AskedObject]

    def make(self, tasks: Iterable[ReviewTask], done: Callable[[int], None] = lambda _: None) -> Iterator[Reject]:
        """Make the pictures that are not there yet, one video in memory at a time, in parallel over its frames.

        Args:
            tasks: the queue.
            done: called with the number of tasks whose pictures are ready now.

        Yields:
            A reject for every task whose frame cannot be shown; it must not be queued.
        """
        by_video: dict[str, list[ReviewTask]] = defaultdict(list)
        for task in tasks:
            if all((self.folder / name).exists() for name in _needed(task, self.names(task))):
                done(1)
            else:
                by_video[task.video_id].append(task)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            for video_id, of_video in by_video.items():
                masks = self.masks_of(video_id)
                self._make_references(of_video, masks)
                frames = _by_frame(of_video)
                drawn = pool.map(self._make_frame, frames, [masks] * len(frames))
                for group, rejects in zip(frames, drawn, strict=True):
                    done(len(group))
                    yield from rejects

    def names(self, task: ReviewTask) -> MediaNames:
        """Where the pictures of ``task`` lie."""
        return media_names(task, self.objects.get((task.video_id, task.object_id), AskedObject()))

    def _make_frame(self, tasks: Sequence[ReviewTask], masks: _Masks) -> list[Reject]:
        source = self.frame_file(tasks[0].video_id, tasks[0].frame_idx)
        image = _read(source)
        if image is None:
            return [_no_frame(task, source) for task in tasks]
        for task in tasks:
            names = self.names(task)
            if task.design == "frame":
                _write(self.folder / names.frame, source.read_bytes())
                continue
            mask = masks.get((task.object_id, task.frame_idx))
            asked = [self.candidates[candidate_id] for candidate_id in task.candidate_ids]
            _write(self.folder / names.frame, _jpeg(_ringed(image, asked)))
            _write(self.folder / names.sheet, _jpeg(_sheet(image, asked, int(mask.decode().sum()) if mask else 0)))
        return []

    def _make_references(self, tasks: Iterable[ReviewTask], masks: _Masks) -> None:
        for path, task in {self.folder / self.names(task).reference: task for task in tasks}.items():
            if not path.exists():
                _write(path, _jpeg(self._reference(task, masks)))

    def _reference(self, task: ReviewTask, masks: _Masks) -> Image:
        """The localized frame with the object outlined; the frame with its best mask where that was not kept."""
        asked = self.objects.get((task.video_id, task.object_id), AskedObject())
        anchor = asked.anchor_near(task.frame_idx)
        own = [mask for (object_id, _), mask in masks.items() if object_id == task.object_id]
        for mask in sorted(own, key=lambda m: (m.frame_idx != anchor, -m.quality, m.frame_idx)):
            image = _read(self.frame_file(task.video_id, mask.frame_idx))
            if image is not None:
                height, width, _ = drawing.shown_size(image.shape[0], image.shape[1], _REFERENCE_LONGEST_PX)
                inside = drawing.resized(mask.decode().astype(np.uint8), height, width) > 0
                return drawing.outlined(drawing.resized(image, height, width), inside)
        return np.full((90, 160, 3), 40, dtype=np.uint8)


def _needed(task: ReviewTask, names: MediaNames) -> tuple[str, ...]:
    return (names.frame, names.reference) if task.design == "frame" else (names.sheet, names.frame, names.reference)


def _by_frame(tasks: Iterable[ReviewTask]) -> list[list[ReviewTask]]:
    frames: dict[int, list[ReviewTask]] = defaultdict(list)
    for task in tasks:
        frames[task.frame_idx].append(task)
    return list(frames.values())


def _sheet(image: Image, candidates: Sequence[PointCandidate], mask_area_px: int) -> Image:
    """(TILE_PX, N · TILE_PX, 3): the crops side by side, in the order of the task."""
    side = drawing.crop_side_px(mask_area_px, *image.shape[:2])
    return np.concatenate([drawing.crop(image, c.x, c.y, side) for c in candidates], axis=1)


def _ringed(image: Image, candidates: Sequence[PointCandidate]) -> Image:
    """The frame as it is shown, with the key of every candidate."""
    height, width, scale = drawing.shown_size(image.shape[0], image.shape[1], _FRAME_LONGEST_PX)
    shown = drawing.resized(image, height, width)
    for key, candidate in zip(CANDIDATE_KEYS, candidates, strict=False):
        colour = drawing.ON_COLOUR if candidate.is_fg_candidate else drawing.OFF_COLOUR
        drawing.keyed_ring(shown, (candidate.x + 0.5) * scale - 0.5, (candidate.y + 0.5) * scale - 0.5, key, colour)
    return shown


def _read(path: Path) -> Image | None:
    try:
        decoded = cv2.imdecode(np.frombuffer(path.read_bytes(), dtype=np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None
    return None if decoded is None else np.asarray(decoded, dtype=np.uint8)


def _jpeg(image: Image) -> bytes:
    encoded: bytes = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
    return encoded


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.rename(path)


def _no_frame(task: ReviewTask, path: Path) -> Reject:
    detail = f"the picture of frame {task.frame_idx} of {task.video_id!r} is missing or damaged: {path}"
    return Reject("review", task.task_key, "no_frame", detail, str(path))

"""The pictures of the queue: made once, frame by frame, into one folder from which nothing else is served."""

from __future__ import annotations

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
from schemas.remote_paths import AnyPath
from schemas.reviews import ReviewTask
from schemas.whole_files import write_whole
from verification_ui.media import pictures
from verification_ui.media.drawing import Image
from verification_ui.page.asked_objects import AskedObject, ObjectKey
from verification_ui.page.media_paths import MediaNames, media_names

_QUALITY = 85
_Masks = Mapping[tuple[str, int], Mask]


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
    frame_file: Callable[[str, int], AnyPath]
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
            if all((self.folder / name).exists() for name in self.names(task).pictures):
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
        """Where the pictures and the clip of ``task`` lie."""
        return media_names(task, self._asked(task))

    def _asked(self, task: ReviewTask) -> AskedObject:
        return self.objects.get((task.video_id, task.object_id), AskedObject())

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
            asked = [self.candidates[candidate_id] for candidate_id in task.candidate_ids]
            is_blind = task.is_blind
            frame = pictures.blind_frame(image, asked[0]) if is_blind else pictures.keyed_frame(image, asked)
            mask = masks.get((task.object_id, task.frame_idx))
            area_px = int(mask.decode().sum()) if mask else 0
            _write(self.folder / names.frame, _jpeg(frame))
            _write(self.folder / names.crops, _jpeg(pictures.crops(image, asked, area_px)))
        return []

    def _make_references(self, tasks: Iterable[ReviewTask], masks: _Masks) -> None:
        for path, task in {self.folder / self.names(task).reference: task for task in tasks}.items():
            if not path.exists():
                _write(path, _jpeg(self._reference(task, masks)))

    def _reference(self, task: ReviewTask, masks: _Masks) -> Image:
        """The localized frame with the object; the frame with its best mask where that was not kept."""
        anchor = self._asked(task).anchor_near(task.frame_idx)
        own = [mask for (object_id, _), mask in masks.items() if object_id == task.object_id]
        for mask in sorted(own, key=lambda m: (m.frame_idx != anchor, -m.quality, m.frame_idx)):
            image = _read(self.frame_file(task.video_id, mask.frame_idx))
            if image is not None:
                return pictures.reference(image, mask, is_blind=task.is_blind)
        return pictures.no_reference()


def _by_frame(tasks: Iterable[ReviewTask]) -> list[list[ReviewTask]]:
    frames: dict[int, list[ReviewTask]] = defaultdict(list)
    for task in tasks:
        frames[task.frame_idx].append(task)
    return list(frames.values())


def _read(path: AnyPath) -> Image | None:
    try:
        decoded = cv2.imdecode(np.frombuffer(path.read_bytes(), dtype=np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None
    return None if decoded is None else np.asarray(decoded, dtype=np.uint8)


def _jpeg(image: Image) -> bytes:
    encoded: bytes = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
    return encoded


def _write(path: Path, content: bytes) -> None:
    write_whole(path, content, is_synced=False)


def _no_frame(task: ReviewTask, path: AnyPath) -> Reject:
    detail = f"the picture of frame {task.frame_idx} of {task.video_id!r} is missing or damaged: {path}"
    return Reject("review", task.task_key, "no_frame", detail, str(path))

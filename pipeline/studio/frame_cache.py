"""The frames of a video, made ready to be shown by decode index while one pass over it goes on.

The pass writes each frame as a JPEG of the page's size and notes what its pixels are, so that the exact pixels of any
frame can be had again later (:mod:`stages.video.seeking`).
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.runs.commit import encode_jpeg
from pipeline.runs.filesystems import open_binary
from pipeline.runs.names import frame_folder_name
from pipeline.runs.storage import is_remote
from schemas.digests import digest
from schemas.frames import Frame
from schemas.video_files import VideoFile
from schemas.whole_files import whole_file, write_whole
from stages.resize import resize
from stages.video import DecodeError, Opener, open_video, selected_frames
from stages.video.seeking import FrameMark, frame_at, frames_between, mark_of
from verification_ui.gate.refusals import Refusal

LONGEST_PX = 1280
"""Of the frames on the page; larger ones are shown in full when somebody rests on them."""
_QUALITY, _FULL_QUALITY = 85, 92
_WAIT_S = 20.0
_MOST_EXACT = 4
_TELL_EVERY = 25
_MARKS = "marks.npz"

Image = NDArray[np.uint8]


@dataclass
class FrameCache:
    """One video. Its pass runs while ``may_run`` is set.

    Attributes:
        file: the video.
        folder: for all videos; each has one of its own below it.
        tell: called with this cache when more frames are ready.
    """

    file: VideoFile
    folder: Path
    tell: Callable[[FrameCache], None] = lambda _: None
    problem: str = ""
    is_whole: bool = False
    may_run: threading.Event = field(default_factory=threading.Event)
    _marks: dict[int, FrameMark] = field(default_factory=dict)
    _n_frames: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _exact: OrderedDict[int, Image] = field(default_factory=OrderedDict)
    _thread: threading.Thread | None = None
    _is_closed: bool = False

    def start(self, may_run: bool = True) -> None:
        """Begin the pass, or go on with it, where it may run now."""
        if may_run:
            self.may_run.set()
        if self._thread is None:
            self._restore()
            if not self.is_whole:
                self._thread = threading.Thread(target=self._run, name="frame-cache", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the pass, and wait for that: a decoder must not be cut off by the end of the process."""
        self._is_closed = True
        self.may_run.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def is_done(self) -> bool:
        """The pass has ended, well or not."""
        return self.is_whole or bool(self.problem)

    @property
    def is_running(self) -> bool:
        """The pass goes on."""
        return self.may_run.is_set() and not self.is_done

    @property
    def n_ready(self) -> int:
        """Frames from the first on that the pass has reached, lost ones included."""
        return self._n_frames

    @property
    def fps(self) -> float:
        """Frames a second so far; 0 where frames have no times."""
        last = self._marks.get(self._n_frames - 1)
        return last.idx / last.time_s if last is not None and last.time_s > 0 else 0.0

    def view(self, frame_idx: int) -> bytes:
        """JPEG of a frame at the page's size.

        Raises:
            Refusal: there is no such frame, or it could not be decoded.
        """
        self._mark(frame_idx)
        return self._path(frame_idx).read_bytes()

    def full(self, frame_idx: int) -> bytes:
        """JPEG of a frame at the video's own size."""
        return encode_jpeg(Frame(frame_idx, 0.0, self.exact(frame_idx)), _FULL_QUALITY)

    def exact(self, frame_idx: int) -> Image:
        """(H, W, 3) uint8 RGB, as the decoder gives it.

        Raises:
            Refusal: as :meth:`view`.
        """
        mark = self._mark(frame_idx)
        with self._changed:
            if frame_idx in self._exact:
                self._exact.move_to_end(frame_idx)
                return self._exact[frame_idx]
        try:
            image = frame_at(self.file, mark, opener_of(self.file))
        except (DecodeError, LookupError) as problem:
            raise Refusal(str(problem), 409) from None
        self._remember(frame_idx, image)
        return image

    def between(self, wanted: Collection[int]) -> Iterator[Frame]:
        """The frames of ascending indices in order, as the decoder gives them; without a pass, by a sequential one.

        Raises:
            DecodeError: the video cannot be decoded.
            LookupError: the file has changed.
        """
        opener = opener_of(self.file)
        self._restore()
        if not self.is_whole:
            return selected_frames(self.file, wanted, opener)
        return frames_between(self.file, [self._marks[idx] for idx in wanted if idx in self._marks], opener)

    def _remember(self, frame_idx: int, image: Image) -> None:
        with self._changed:
            self._exact[frame_idx] = image
            while len(self._exact) > _MOST_EXACT:
                self._exact.popitem(last=False)

    def _mark(self, frame_idx: int) -> FrameMark:
        """What is known of a frame, once the pass has reached it."""
        with self._changed:
            self._changed.wait_for(lambda: self._n_frames > frame_idx or self.is_whole or self.problem, _WAIT_S)
            mark = self._marks.get(frame_idx)
        if mark is not None:
            return mark
        if self._n_frames > frame_idx:
            raise Refusal(f"frame {frame_idx} could not be decoded: the video is damaged there", 404)
        if self.problem:
            raise Refusal(self.problem, 409)
        if self.is_whole:
            raise Refusal(f"there is no frame {frame_idx}; the video has {self._n_frames}", 404)
        raise Refusal(f"frame {frame_idx} is not decoded yet", 503, retry_after_s=1)

    @property
    def own(self) -> Path:
        """Folder of this very file's frames; another version of the file has another one."""
        stamp = 0
        with suppress(OSError):
            stamp = 0 if is_remote(self.file.uri) else os.stat(self.file.uri).st_mtime_ns  # noqa: PTH116 - any address
        return self.folder / f"{frame_folder_name(self.file.video_id)}-{digest(self.file, stamp)}"

    def _path(self, frame_idx: int) -> Path:
        return self.own / f"{frame_idx:06d}.jpg"

    def _run(self) -> None:
        with suppress(OSError, AttributeError):  # frames come after clicks
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        try:
            with open_video(self.file, opener_of(self.file)) as reader:
                for frame in reader:
                    self.may_run.wait()
                    if self._is_closed:
                        return
                    self._take(frame)
                self._end(reader.n_frames)
        except DecodeError as problem:
            self._fail(str(problem))
        except OSError as problem:
            self._fail(f"frames cannot be kept in {self.folder}: {problem.strerror}")

    def _take(self, frame: Frame) -> None:
        path = self._path(frame.idx)
        if not path.exists():
            write_whole(path, _small_jpeg(frame.image, LONGEST_PX), is_synced=False)
        with self._changed:
            self._marks[frame.idx] = mark_of(frame)
            self._n_frames = frame.idx + 1
            self._changed.notify_all()
        if frame.idx == 0:
            self._remember(0, frame.image)
        if frame.idx % _TELL_EVERY == 0:
            self.tell(self)

    def _end(self, n_frames: int) -> None:
        with self._changed:
            self._n_frames, self.is_whole = n_frames, True
            self._changed.notify_all()
        marks = sorted(self._marks.values(), key=lambda mark: mark.idx)
        columns: dict[str, Any] = {
            "n_frames": np.array(n_frames),
            "idx": np.array([mark.idx for mark in marks]),
            "time_s": np.array([mark.time_s for mark in marks]),
            "checksum": np.array([mark.checksum for mark in marks]),
        }
        with whole_file(self.own / _MARKS, is_synced=False) as file:
            np.savez(file, allow_pickle=False, **columns)
        self.tell(self)

    def _fail(self, why: str) -> None:
        with self._changed:
            self.problem = why
            self._changed.notify_all()
        self.tell(self)

    def _restore(self) -> None:
        """Take up what an earlier pass over the same file left, when it was whole."""
        try:
            with np.load(self.own / _MARKS, allow_pickle=False) as kept:
                rows = zip(kept["idx"].tolist(), kept["time_s"].tolist(), kept["checksum"].tolist(), strict=True)
                marks = {row[0]: FrameMark(*row) for row in rows}
                n_frames = int(kept["n_frames"])
        except (OSError, ValueError, KeyError):
            return
        if all(self._path(idx).exists() for idx in marks):
            self._marks, self._n_frames, self.is_whole = marks, n_frames, True


def opener_of(file: VideoFile) -> Opener | None:
    """How a video is opened; None for one of this machine."""
    return open_binary if is_remote(file.uri) else None


def thumbnail(image: Image, longest_px: int = 240) -> bytes:
    """A small JPEG of an (H, W, 3) uint8 RGB image."""
    return _small_jpeg(image, longest_px)


def _small_jpeg(image: Image, longest_px: int) -> bytes:
    height, width = image.shape[:2]
    scale = min(1.0, longest_px / max(height, width))
    if scale < 1.0:
        image = resize(image, (max(1, round(height * scale)), max(1, round(width * scale))), cv2.INTER_AREA)
    return encode_jpeg(Frame(0, 0.0, image), _QUALITY)

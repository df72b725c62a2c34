"""One sequential pass over a video."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from posixpath import basename

from schemas.frames import Frame
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.video.containers import open_container
from stages.video.errors import DecodeError
from stages.video.files import Opener, open_local, open_watched
from stages.video.folders import FrameFolder
from stages.video.pictures import Image, Picture, Source


@dataclass(frozen=True, slots=True)
class Probe:
    """Cheap facts, from the header and the first frame.

    Attributes:
        n_frames: as the container says, or from its duration; 0 when that is unknown since it tells neither.
        height: in pixels, as displayed.
        width: in pixels, as displayed.
        fps: nominal frame rate; 0.0 when unknown and for a folder of frames.
        is_counted: ``n_frames`` is certain to be no less than what is there.
        key_frames: see :class:`Source`.
    """

    n_frames: int
    height: int
    width: int
    fps: float
    is_counted: bool = False
    key_frames: tuple[int, ...] = ()


class VideoReader:
    """Iterate once over the frames of an open video, then ask :meth:`video`.

    Invariant: indices rise and are those of the source; frame 0, decoded or lost, is at 0 s.

    Attributes:
        file: what is read.
        source: its pictures.
        n_frames: frames so far, lost ones included.
        lost: frames so far that could not be decoded, as ascending ranges that do not touch.
        times_s: presentation time of every frame so far; that of a lost one is estimated.
    """

    def __init__(self, file: VideoFile, source: Source) -> None:
        self.file = file
        self.source = source
        self.n_frames = 0
        self.lost: list[range] = []
        self.times_s = array("d")
        self._size: tuple[int, int] | None = None
        self._end_s, self._frame_s, self._rotation_deg = 0.0, 0.0, 0

    def __iter__(self) -> Iterator[Frame]:
        for picture in self.source.pictures():
            if self._size is None:
                self._size, self._rotation_deg = _size_of(picture.image), picture.rotation_deg
            self._require_same_size(picture)
            self._skip_to(picture.idx, picture.start_s)
            self._end_s, self._frame_s = picture.end_s, picture.end_s - picture.start_s
            self.n_frames = picture.idx + 1
            self.times_s.append(picture.start_s)
            yield Frame(picture.idx, picture.start_s, picture.image, picture.jpeg)
        if self._size is None:
            raise self._no_frame_error()
        if n_lost := self.source.n_indices - self.n_frames:
            self._end_s += n_lost * self._frame_s
            self._skip_to(self.source.n_indices, self._end_s)

    def video(self) -> Video:
        """The facts of what was decoded so far.

        Raises:
            ValueError: no frame was decoded yet.
        """
        height, width = self._size or (0, 0)
        return Video(
            video_id=self.file.video_id,
            uri=self.file.uri,
            n_frames=self.n_frames,
            height=height,
            width=width,
            fps=round(self.n_frames / self._end_s, 6) if self._end_s > 0 else self.source.fps,
            duration_s=self._end_s,
            codec=self.source.codec,
            rotation_deg=self._rotation_deg,
            truncated=self.source.truncated,
            frame_names=tuple(map(basename, self.file.frames)),
            lost=tuple(idx for part in self.lost for idx in part),
        )

    def _skip_to(self, idx: int, start_s: float) -> None:
        """Note the frames before ``idx`` as lost, spread evenly over the time that they took."""
        first, n_lost = self.n_frames, idx - self.n_frames
        if n_lost <= 0:
            return
        since_s = self.times_s[-1] if first else 0.0
        steps = n_lost + bool(first)
        self.times_s.extend(since_s + (start_s - since_s) * (i + bool(first)) / steps for i in range(n_lost))
        self.lost.append(range(first, idx))
        self.n_frames = idx

    def _no_frame_error(self) -> DecodeError:
        if self.source.n_indices or self.source.truncated:
            return DecodeError("damaged", f"no frame of {self.file.uri!r} can be decoded; replace the file")
        return DecodeError("no_frames", f"{self.file.uri!r} holds no frames")

    def _require_same_size(self, picture: Picture) -> None:
        if self._size is not None and (found := _size_of(picture.image)) != self._size:
            sizes = f"{self._size[1]}x{self._size[0]} to {found[1]}x{found[0]} at frame {picture.idx}"
            raise DecodeError("frame_size_changes", f"{self.file.uri!r} changes from {sizes}; split it there")


def _size_of(image: Image) -> tuple[int, int]:
    height, width = image.shape[:2]
    return height, width


@contextmanager
def open_video(file: VideoFile, opener: Opener | None = None) -> Iterator[VideoReader]:
    """Open a video file or a folder of frames for one sequential pass.

    Args:
        file: what to decode.
        opener: opens a path for reading, binary and seekable; local files by default.

    Raises:
        DecodeError: here, or while iterating.
    """
    opener = opener or open_local
    if file.frames:
        yield VideoReader(file, FrameFolder(file, opener))
        return
    with open_watched(file.uri, opener) as watched, open_container(watched) as source:
        yield VideoReader(file, source)


def probe(file: VideoFile, opener: Opener | None = None) -> Probe:
    """Cheap facts without decoding more than the first frame, for estimates and ordering.

    Raises:
        DecodeError: the video has no decodable first frame.
    """
    with open_video(file, opener) as reader:
        height, width = next(iter(reader)).image.shape[:2]
        source = reader.source
        return Probe(source.n_frames, height, width, source.fps, source.is_counted, source.key_frames)

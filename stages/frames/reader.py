"""One sequential pass over a video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from posixpath import basename

from schemas.frames import Frame
from schemas.videos import Video
from stages.corpus import VideoFile
from stages.frames.containers import open_container
from stages.frames.errors import DecodeError
from stages.frames.files import Opener, open_local, open_watched
from stages.frames.folders import FrameFolder
from stages.frames.pictures import Image, Source


@dataclass(frozen=True, slots=True)
class Probe:
    """Cheap facts, from the header and the first frame.

    Attributes:
        n_frames: as the container says, or from its duration; 0 when it tells neither.
        height: in pixels, as displayed.
        width: in pixels, as displayed.
        fps: nominal frame rate; 0.0 when unknown and for a folder of frames.
    """

    n_frames: int
    height: int
    width: int
    fps: float


class VideoReader:
    """Iterate once over the frames of an open video, then ask :meth:`video`.

    Invariant: ``n_frames`` frames of one size have been handed out, with the indices 0, 1, 2 ...; the first at 0 s.
    """

    def __init__(self, file: VideoFile, source: Source) -> None:
        self.file = file
        self.n_frames = 0
        self.source = source
        self._height = self._width = self._rotation_deg = 0
        self._start_s = self._end_s = 0.0

    def __iter__(self) -> Iterator[Frame]:
        for picture in self.source.pictures():
            if not self.n_frames:
                self._height, self._width = picture.image.shape[:2]
                self._start_s, self._rotation_deg = picture.start_s, picture.rotation_deg
            self._require_same_size(picture.image)
            self._end_s = picture.end_s
            self.n_frames += 1
            yield Frame(self.n_frames - 1, picture.start_s - self._start_s, picture.image, picture.jpeg)
        if not self.n_frames and self.source.damaged:
            raise DecodeError("damaged", f"no frame of {self.file.uri!r} can be decoded; replace the file")
        if not self.n_frames:
            raise DecodeError("no_frames", f"{self.file.uri!r} holds no frames")

    def video(self) -> Video:
        """The facts of what was decoded so far.

        Raises:
            ValueError: no frame was decoded yet.
        """
        duration_s = self._end_s - self._start_s
        return Video(
            video_id=self.file.video_id,
            uri=self.file.uri,
            n_frames=self.n_frames,
            height=self._height,
            width=self._width,
            fps=round(self.n_frames / duration_s, 6) if duration_s > 0 else self.source.fps,
            duration_s=duration_s,
            codec=self.source.codec,
            rotation_deg=self._rotation_deg,
            truncated=self.source.damaged,
            frame_names=tuple(map(basename, self.file.frames)),
        )

    def _require_same_size(self, image: Image) -> None:
        height, width = image.shape[:2]
        if (height, width) != (self._height, self._width):
            sizes = f"{self._width}x{self._height} to {width}x{height} at frame {self.n_frames}"
            raise DecodeError("frame_size_changes", f"{self.file.uri!r} changes from {sizes}; split it there")


@contextmanager
def open_video(file: VideoFile, opener: Opener | None = None, threads: int = 1) -> Iterator[VideoReader]:
    """Open a video file or a folder of frames for one sequential pass.

    Args:
        file: what to decode.
        opener: opens a path for reading, binary and seekable; local files by default.
        threads: decoder threads. More of them hold more frames in memory; they change no pixel of a sound video, but
            what is kept of the frame before a damage may differ.

    Raises:
        DecodeError: here, or while iterating.
    """
    opener = opener or open_local
    if file.frames:
        yield VideoReader(file, FrameFolder(file, opener))
        return
    with open_watched(file.uri, opener) as watched, open_container(watched, threads) as source:
        yield VideoReader(file, source)


def probe(file: VideoFile, opener: Opener | None = None) -> Probe:
    """Cheap facts without decoding more than the first frame, for estimates and ordering.

    Raises:
        DecodeError: the video has no decodable first frame.
    """
    with open_video(file, opener) as reader:
        height, width = next(iter(reader)).image.shape[:2]
        return Probe(reader.source.n_frames, height, width, reader.source.fps)

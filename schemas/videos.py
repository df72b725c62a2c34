"""One decoded video."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_below
from schemas.limits import require_size


@dataclass(frozen=True, slots=True)
class Video:
    """What is known of a video once it is decoded; also the commit mark of its unit.

    Attributes:
        video_id: path below the corpus root without extension.
        uri: where it was read.
        n_frames: number of frames of the source, those that could not be decoded included.
        height: in pixels, as displayed (rotation applied).
        width: in pixels, as displayed (rotation applied).
        fps: mean frame rate; 0.0 for a folder of frames.
        duration_s: presentation time of the end of the last frame; 0.0 for a folder of frames.
        codec: ``h264``, ``vp9``, ``jpeg`` ...
        rotation_deg: rotation metadata that was applied, clockwise.
        n_objects: objects that have at least one mask.
        times_s: presentation time of every frame; empty for a folder of frames.
        cuts: indices of the first frames of new shots.
        truncated: the end of the source is cut off; the frames before it are kept.
        unit: hash of the input and the settings that made this unit.
        frame_names: file names of the frames of a folder, in decode order; empty for a video file.
        lost: indices of frames that could not be decoded because the data is damaged; they have no masks.
    """

    video_id: str
    uri: str
    n_frames: int
    height: int
    width: int
    fps: float
    duration_s: float
    codec: str
    rotation_deg: int
    n_objects: int = 0
    truncated: bool = False
    times_s: tuple[float, ...] = ()
    cuts: tuple[int, ...] = ()
    unit: str = ""
    frame_names: tuple[str, ...] = ()
    lost: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        require_below("video_id", self.video_id)
        if self.n_frames < 1:
            raise ValueError(f"video {self.video_id!r} has no frames")
        require_size(f"video {self.video_id!r}", self.height, self.width)

    def time_s(self, frame_idx: int) -> float:
        """Presentation time of a frame; 0.0 in a folder of frames."""
        return self.times_s[frame_idx] if self.times_s else 0.0

"""Candidates redrawn from the masks of a run, video by video; no mask is touched.

What is written of a video depends on its tables, its frames and the settings alone: the frames that people will look at
first, then its candidates as one file that replaces the old one. So any video may be repeated or cut off anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.runs.commit import encode_jpeg
from pipeline.runs.folder import RunFolder
from pipeline.runs.frame_files import frame_names
from pipeline.runs.rounds import round_marks, round_of
from pipeline.runs.units import localized_frames, object_groups, unit_file, unit_records, video_of
from schemas import tables
from schemas.frames import Frame
from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.ranges import VideoKey
from schemas.repairs import doubted_frames
from schemas.video_files import VideoFile
from schemas.videos import Video
from schemas.whole_files import write_whole
from stages.backends.segmenter import Segmenter
from stages.refine.doubts import doubtful_places
from stages.sample_points.options import SamplingOptions
from stages.sample_points.sampling import sample_video
from stages.video import DecodeError, Opener, selected_frames


@dataclass(frozen=True, slots=True)
class Resampled:
    """How the candidates of one video were redrawn.

    Attributes:
        video_id: the video.
        n_before: candidates that it had.
        n_now: candidates that it has.
        n_same: of these, those that it had before.
        n_frames: frames of objects that have candidates now.
        problem: why its candidates stayed as they were; else empty.
    """

    video_id: str
    n_before: int
    n_now: int
    n_same: int
    n_frames: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How candidates are redrawn.

    Attributes:
        options: of the sampling.
        jpeg_quality: of the frames that people look at.
        opener: opens videos.
    """

    options: SamplingOptions
    jpeg_quality: int
    opener: Opener


def resample_video(
    run: RunFolder, key: VideoKey, resampling: Resampling, segmenter: Segmenter | None = None
) -> Resampled:
    """Redraw the candidates of a video, replacing the old ones.

    With a segmenter, most of them lie where it disagrees with the masks.

    A video that cannot be decoded any more, or whose frames have another size now, keeps its candidates.
    """
    video = video_of(run, key)
    before = unit_records(run, tables.CANDIDATES, video)
    try:
        candidates = _drawn(run, video, resampling, segmenter)
    except (DecodeError, ValueError) as problem:
        n_frames = len({(c.object_id, c.frame_idx) for c in before})
        return Resampled(video.video_id, len(before), len(before), len(before), n_frames, str(problem))
    file, number = unit_file(run, tables.CANDIDATES, video), round_of(unit_file(run, tables.MASKS, video))
    if candidates != before or round_of(file) != number:
        tables.CANDIDATES.write(file, candidates, {**run.metadata(), **round_marks(number)})
    same = {c.candidate_id for c in before} & {c.candidate_id for c in candidates}
    n_frames = len({(c.object_id, c.frame_idx) for c in candidates})
    return Resampled(video.video_id, len(before), len(candidates), len(same), n_frames)


def source_of(video: Video) -> VideoFile:
    """Where the frames of an annotated video are read from."""
    return VideoFile(video.video_id, video.uri, tuple(f"{video.uri}/{name}" for name in frame_names(video)))


def with_pictures(run: RunFolder, video: Video, frames: Iterable[Frame], jpeg_quality: int) -> Iterator[Frame]:
    """Frames of a video as they come; each is kept as the JPEG that people look at.

    Raises:
        ValueError: they have another size than when the video was annotated.
    """
    for frame in frames:
        if frame.image.shape[:2] != (video.height, video.width):
            height, width = frame.image.shape[:2]
            raise ValueError(
                f"{video.uri} has frames of {width}x{height} pixels and had {video.width}x{video.height} when it "
                "was annotated; annotate it again"
            )
        file = run.frames_of(video.video_id) / f"{frame.idx:06d}.jpg"
        if not file.is_file():
            write_whole(file, frame.jpeg or encode_jpeg(frame, jpeg_quality))
        yield frame


def references(masks: Sequence[Mask], localized: dict[str, list[int]]) -> dict[str, int]:
    """Object id → the first localized frame whose mask was not propagated, else the first that has a mask."""
    sources = {(mask.object_id, mask.frame_idx): mask.source for mask in masks}
    found = {}
    for object_id, frames in localized.items():
        there = [idx for idx in frames if (object_id, idx) in sources]
        own = [idx for idx in there if sources[object_id, idx] != "propagator"]
        if there:
            found[object_id] = (own or there)[0]
    return found


def _drawn(run: RunFolder, video: Video, how: Resampling, segmenter: Segmenter | None) -> list[PointCandidate]:
    masks = unit_records(run, tables.MASKS, video)

    def frames_at(indices: Collection[int]) -> Iterator[Frame]:
        return with_pictures(run, video, selected_frames(source_of(video), indices, how.opener), how.jpeg_quality)

    doubted = doubted_frames(unit_records(run, tables.REPAIRS, video))
    places = references(masks, localized_frames(run, video))
    doubts = None if segmenter is None else lambda _, *asked: doubtful_places(segmenter, *asked)
    groups = object_groups(run, video)
    return sample_video(video.video_id, masks, frames_at, places, groups, how.options, doubted=doubted, doubts=doubts)

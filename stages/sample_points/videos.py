"""A tracked video and the points that people are going to be asked about."""

from __future__ import annotations

from functools import partial

from schemas.elements import SampledVideo, TrackedVideo
from schemas.repairs import doubted_frames
from stages.sample_points.options import SamplingOptions
from stages.sample_points.sampling import sample_video
from stages.video import Opener, selected_frames


def sample_points(tracked: TrackedVideo, options: SamplingOptions, opener: Opener | None = None) -> SampledVideo:
    """Draw the candidates of all objects of a video.

    Raises:
        DecodeError: the video cannot be decoded.
    """
    candidates = sample_video(
        tracked.job.video_id,
        tracked.masks,
        partial(selected_frames, tracked.job.file, opener=opener),
        tracked.references,
        tracked.job.groups,
        options,
        doubted=doubted_frames(tracked.repairs),
    )
    return SampledVideo(tracked, tuple(candidates))

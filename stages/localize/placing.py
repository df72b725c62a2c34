"""Expressions of a video replaced by places: every object is looked for on a few frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from schemas.elements import PlacedVideo
from schemas.jobs import VideoJob
from schemas.localizations import Expression, Localization
from stages.backends.localizer import Localizer
from stages.localize.searching import Search, frames_to_search
from stages.video import Opener, about_n_frames, selected_frames


def has_expressions(job: VideoJob) -> bool:
    """Whether any object of a video has words instead of a place."""
    return any(isinstance(loc.hint, Expression) for loc in job.localizations)


def place_objects(job: VideoJob, localizer: Localizer, opener: Opener | None = None) -> PlacedVideo:
    """Find places for all expressions of a video.

    Raises:
        DecodeError: the video cannot be decoded.
    """
    wanted = _searches(job, about_n_frames(job.file, opener))
    search, found = Search(localizer), []
    for frame in selected_frames(job.file, wanted, opener):
        found += search.look(frame.image, frame.idx, wanted[frame.idx])
    searched = frozenset((loc.object_id, frame_idx) for frame_idx, own in wanted.items() for loc in own)
    return PlacedVideo(job, tuple(found), searched, tuple(search.rejects()))


def _searches(job: VideoJob, n_frames: int) -> Mapping[int, list[Localization]]:
    """What to look for by frame."""
    wanted: dict[int, list[Localization]] = defaultdict(list)
    for loc in job.localizations:
        if isinstance(loc.hint, Expression):
            for frame_idx in frames_to_search(loc, n_frames):
                wanted[frame_idx].append(loc)
    return wanted

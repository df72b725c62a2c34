"""Expressions of a video replaced by places: every object is looked for on a few frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from schemas.elements import PlacedVideo
from schemas.jobs import VideoJob
from schemas.localizations import Expression, Localization
from schemas.rejects import Reject
from stages.backends.localizer import InstanceLocalizer, Localizer
from stages.localize.instances import InstanceSearch, frames_to_scan
from stages.localize.searching import STAGE, Search, frames_to_search
from stages.video import Opener, about_n_frames, selected_frames


def place_objects(job: VideoJob, localizer: Localizer, opener: Opener | None = None) -> PlacedVideo:
    """Find places for all expressions of a video.

    The objects of an expression that means every instance are known only then: the video's job names them in place of
    the expression.

    Raises:
        DecodeError: the video cannot be decoded.
    """
    job, rejects = _with_instances(job, localizer, opener)
    wanted = _searches(job, about_n_frames(job.file, opener))
    search, found = Search(localizer), []
    for frame in selected_frames(job.file, wanted, opener):
        found += search.search_frame(frame.image, frame.idx, wanted[frame.idx])
    searched = frozenset((loc.object_id, frame_idx) for frame_idx, own in wanted.items() for loc in own)
    return PlacedVideo(job, tuple(found), searched, (*rejects, *search.rejects()))


def _with_instances(job: VideoJob, localizer: Localizer, opener: Opener | None) -> tuple[VideoJob, list[Reject]]:
    """The job with the instances that were found; an expression of which there is none stays as it is."""
    asked = [loc for loc in job.localizations if _is_every(loc)]
    if not asked:
        return job, []
    if not isinstance(localizer, InstanceLocalizer):
        detail = f"localizer {localizer.name!r} finds one object an expression; all instances were asked for"
        return job, [Reject(STAGE, f"{o.video_id}/{o.object_id}", "one_only", detail, o.input_uri) for o in asked]
    search = InstanceSearch(localizer, asked)
    for frame in selected_frames(job.file, frames_to_scan(about_n_frames(job.file, opener)), opener):
        search.search_frame(frame.image, frame.idx)
    known = [loc for loc in job.localizations if not (_is_every(loc) and search.instances.get(loc.object_id))]
    return replace(job, localizations=(*known, *search.localizations())), search.rejects()


def _is_every(loc: Localization) -> bool:
    return isinstance(loc.hint, Expression) and loc.hint.every


def _searches(job: VideoJob, n_frames: int) -> Mapping[int, list[Localization]]:
    """What to look for by frame."""
    wanted: dict[int, list[Localization]] = defaultdict(list)
    for loc in job.localizations:
        if isinstance(loc.hint, Expression) and not loc.hint.every:
            for frame_idx in frames_to_search(loc, n_frames):
                wanted[frame_idx].append(loc)
    return wanted

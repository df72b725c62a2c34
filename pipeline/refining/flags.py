"""What still contradicts its mask when a video is refined."""

from __future__ import annotations

from pipeline.refining.feedback import contradicted
from pipeline.refining.state import VideoState
from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_file, unit_records
from schemas import tables
from schemas.flags import Flag


def write_flags(run: RunFolder, state: VideoState) -> list[Flag]:
    """Flag the frames of a video whose masks verified points of the same object contradict; all that are flagged."""
    known = state.verified.points
    flags = [
        Flag(state.video.video_id, *key, "contradicted", len(known[key]), len(own))
        for key, wrong in contradicted(state).items()
        if key in known and (own := [point for point in wrong if point in known[key]])
    ]
    if flags != unit_records(run, tables.FLAGS, state.video):
        tables.FLAGS.write(unit_file(run, tables.FLAGS, state.video), flags, run.metadata())
    return flags

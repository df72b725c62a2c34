"""Opinions on the candidates of some videos → their files in ``points/``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from pipeline.runs.questions import answers_for_other_names, has_narrative, questions_of
from pipeline.runs.splits import SplitOf
from pipeline.runs.units import object_models, object_words, unit_records, video_of
from schemas import tables
from schemas.ranges import VideoRange
from schemas.videos import Video
from stages.consensus.opinions import Opinion
from stages.consensus.points import ObjectFacts, merge_points


@dataclass(frozen=True, slots=True)
class WrittenPoints:
    """The points of a range of videos.

    Attributes:
        statuses: points by status, those of other names of an object left out.
        n_candidates: answered or not.
        n_copied: points of duplicate object names.
        files: names of the files written.
    """

    statuses: dict[str, int]
    n_candidates: int
    n_copied: int
    files: tuple[str, ...]


def write_points(
    run: RunFolder, found: VideoRange, opinions: Mapping[str, Opinion], split_of: SplitOf
) -> WrittenPoints:
    """Write the points of each video that has any, one file a video.

    Args:
        run: the run.
        found: the videos.
        opinions: by candidate id, those on other videos' candidates left out or not.
        split_of: the split of a video.
    """
    statuses: Counter[str] = Counter()
    n_candidates = n_copied = 0
    files: list[str] = []
    metadata = run.metadata()
    for key in found.videos:
        video = video_of(run, key)
        candidates = unit_records(run, tables.CANDIDATES, video)
        n_candidates += len(candidates)
        others = (
            answers_for_other_names(candidates, questions_of(run, video), opinions) if has_narrative(run, video) else []
        )
        facts = _facts(run, video)
        points, copied = (
            merge_points(asked, opinions, facts, video.time_s, split_of(video.video_id))
            for asked in (candidates, others)
        )
        statuses.update(point.status for point in points)
        n_copied += len(copied)
        if points:
            file = run.table_file(tables.POINTS, unit_name(key.video_id, key.unit))
            tables.POINTS.write(file, [*points, *copied], metadata)
            files.append(file.name)
    return WrittenPoints(dict(statuses), n_candidates, n_copied, tuple(files))


def _facts(run: RunFolder, video: Video) -> dict[str, ObjectFacts]:
    words = object_words(run, video)
    segmenters, propagators = (
        object_models(run, video, *sources) for sources in (("segmenter", "repair"), ("propagator",))
    )
    return {
        object_id: ObjectFacts(
            *words.get(object_id, ("", "")), segmenters.get(object_id, ""), propagators.get(object_id, "")
        )
        for object_id in {*words, *segmenters, *propagators}
    }

"""``ExportPoints`` and ``ExportMasks``: the tables of every video in the formats that the field's tools read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from schemas.ranges import ReadVideo, VideoRange, VideoTables
from stages.export.mask_folder import ExportedMasks, MaskFolder
from stages.export.point_folder import ExportedPoints, PointFolder
from stages.export.selection import PointSelection, with_verified_masks
from stages.transform import count_done


class ExportPoints(beam.PTransform[PCollection[VideoRange], PCollection[ExportedPoints]]):
    """Ranges of videos → what was written of each; :meth:`PointFolder.join` makes one dataset of them.

    Args:
        read: reads the points and candidates of a video.
        folder: that is written.
        has_unanswered: candidates that nobody answered are written too.
    """

    def __init__(self, read: ReadVideo, folder: PointFolder, has_unanswered: bool = False) -> None:
        super().__init__()
        self._read, self._folder, self._has_unanswered = read, folder, has_unanswered

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[ExportedPoints]:
        """One step."""
        written: PCollection[ExportedPoints] = ranges | "WritePoints" >> beam.Map(self._write)
        return written

    def _write(self, found: VideoRange) -> ExportedPoints:
        selection = PointSelection(self._has_unanswered)
        written = self._folder.write(found.number, map(selection.select, _counted(found, self._read, "ExportPoints")))
        return replace(written, n_unanswered=selection.n_unanswered)


class ExportMasks(beam.PTransform[PCollection[VideoRange], PCollection[ExportedMasks]]):
    """Ranges of videos → what was written of each video; :meth:`MaskFolder.join` makes one export of them.

    Args:
        read: reads the masks of a video, and its points where only verified masks are written.
        folder: that is written.
        is_verified: masks of objects on frames without a decided point are left out.
    """

    def __init__(self, read: ReadVideo, folder: MaskFolder, is_verified: bool = False) -> None:
        super().__init__()
        self._read, self._folder, self._is_verified = read, folder, is_verified

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[ExportedMasks]:
        """One step; one video's masks are in memory at a time."""
        written: PCollection[ExportedMasks] = ranges | "WriteMasks" >> beam.FlatMap(self._write)
        return written

    def _write(self, found: VideoRange) -> Iterator[ExportedMasks]:
        for number, video in enumerate(_counted(found, self._read, "ExportMasks"), start=found.first):
            yield self._folder.write(number, with_verified_masks(video) if self._is_verified else video)


def _counted(found: VideoRange, read: ReadVideo, step: str) -> Iterator[VideoTables]:
    for key in found.videos:
        yield read(key)
        count_done(step)

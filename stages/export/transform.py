"""``ExportPoints`` and ``ExportMasks``: the tables of every video in the formats that the field's tools read."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.pvalue import PCollection

from schemas.ranges import ReadVideo, VideoRange, VideoTables
from stages import progress
from stages.export.davis_folder import ExportedMasks, write_masks
from stages.export.point_vos_folder import ExportedPoints, PointVosFolder
from stages.export.target import ExportTarget


class ExportPoints(beam.PTransform[PCollection[VideoRange], PCollection[ExportedPoints]]):
    """Ranges of videos → what was written of each; :meth:`PointVosFolder.join` makes one dataset of them."""

    def __init__(self, read: ReadVideo, folder: PointVosFolder) -> None:
        super().__init__()
        self._read, self._folder = read, folder

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[ExportedPoints]:
        """One step."""
        written: PCollection[ExportedPoints] = ranges | "WritePoints" >> beam.Map(self._write)
        return written

    def _write(self, found: VideoRange) -> ExportedPoints:
        return self._folder.write(found.number, _counted(found, self._read))


class ExportMasks(beam.PTransform[PCollection[VideoRange], PCollection[ExportedMasks]]):
    """Ranges of videos → what was written of each video; one video's masks are in memory at a time."""

    def __init__(self, read: ReadVideo, target: ExportTarget) -> None:
        super().__init__()
        self._read, self._target = read, target

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[ExportedMasks]:
        """One step."""
        written: PCollection[ExportedMasks] = ranges | "WriteMasks" >> beam.FlatMap(self._write)
        return written

    def _write(self, found: VideoRange) -> Iterator[ExportedMasks]:
        return (write_masks(self._target, video) for video in _counted(found, self._read))


def _counted(found: VideoRange, read: ReadVideo) -> Iterator[VideoTables]:
    for key in found.videos:
        yield read(key)
        progress.done()

"""``ExportPoints`` and ``ExportMasks``: the tables of every video in the formats that the field's tools read."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.pvalue import PCollection

from schemas.ranges import ReadVideo, VideoRange, VideoTables
from stages import progress
from stages.export.mask_folder import ExportedMasks, MaskFolder
from stages.export.point_folder import ExportedPoints, PointFolder


class ExportPoints(beam.PTransform[PCollection[VideoRange], PCollection[ExportedPoints]]):
    """Ranges of videos → what was written of each; :meth:`PointFolder.join` makes one dataset of them."""

    def __init__(self, read: ReadVideo, folder: PointFolder) -> None:
        super().__init__()
        self._read, self._folder = read, folder

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[ExportedPoints]:
        """One step."""
        written: PCollection[ExportedPoints] = ranges | "WritePoints" >> beam.Map(self._write)
        return written

    def _write(self, found: VideoRange) -> ExportedPoints:
        return self._folder.write(found.number, _counted(found, self._read))


class ExportMasks(beam.PTransform[PCollection[VideoRange], PCollection[ExportedMasks]]):
    """Ranges of videos → what was written of each video; :meth:`MaskFolder.join` makes one export of them."""

    def __init__(self, read: ReadVideo, folder: MaskFolder) -> None:
        super().__init__()
        self._read, self._folder = read, folder

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[ExportedMasks]:
        """One step; one video's masks are in memory at a time."""
        written: PCollection[ExportedMasks] = ranges | "WriteMasks" >> beam.FlatMap(self._write)
        return written

    def _write(self, found: VideoRange) -> Iterator[ExportedMasks]:
        for number, video in enumerate(_counted(found, self._read), start=found.first):
            yield self._folder.write(number, video)


def _counted(found: VideoRange, read: ReadVideo) -> Iterator[VideoTables]:
    for key in found.videos:
        yield read(key)
        progress.done()

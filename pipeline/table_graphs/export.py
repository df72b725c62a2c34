"""``export`` as a graph: the points or the masks of all videos."""

from __future__ import annotations

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import reader
from pipeline.runs.splits import CheckedSplits, splits_of
from pipeline.table_graphs.collect import CollectResults
from schemas import tables
from schemas.ranges import VideoRange
from schemas.remote_paths import AnyPath
from stages.export.mask_folder import ExportedMasks, MaskFolder
from stages.export.point_folder import ExportedPoints, PointFolder
from stages.export.transform import ExportMasks, ExportPoints


class ExportRunPoints(beam.PTransform[PBegin, PCollection[None]]):
    """``export`` of a format of points: the points of all videos, ranges in the order of their files."""

    def __init__(
        self,
        run: RunFolder,
        ranges: list[VideoRange],
        folder: PointFolder,
        has_unanswered: bool,
        has_masks: bool,
        out: AnyPath,
    ) -> None:
        super().__init__()
        self._run, self._ranges, self._folder, self._out = run, ranges, folder, out
        self._has_unanswered, self._has_masks = has_unanswered, has_masks

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        ranges = begin | "Ranges" >> beam.Create(self._ranges)
        masks = (tables.MASKS,) if self._has_masks else ()
        tables_read = (tables.POINTS, tables.CANDIDATES, tables.LOCALIZATIONS, *masks)
        read = CheckedSplits(reader(self._run, *tables_read), splits_of(self._run))
        written = ranges | "ExportPoints" >> ExportPoints(read, self._folder, self._has_unanswered)
        collected: PCollection[None] = written | "CollectExported" >> CollectResults(self._out, ExportedPoints)
        return collected


class ExportRunMasks(beam.PTransform[PBegin, PCollection[None]]):
    """``export`` of a format of masks: the masks of all videos."""

    def __init__(
        self, run: RunFolder, ranges: list[VideoRange], folder: MaskFolder, is_verified: bool, out: AnyPath
    ) -> None:
        super().__init__()
        self._run, self._ranges, self._folder, self._out = run, ranges, folder, out
        self._is_verified = is_verified

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        ranges = begin | "Ranges" >> beam.Create(self._ranges)
        points = (tables.POINTS,) if self._is_verified else ()
        read = reader(self._run, tables.MASKS, tables.LOCALIZATIONS, *points)
        written = ranges | "ExportMasks" >> ExportMasks(read, self._folder, self._is_verified)
        collected: PCollection[None] = written | "CollectExported" >> CollectResults(self._out, ExportedMasks)
        return collected

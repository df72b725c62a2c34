"""The commands over a run's tables as graphs: an element is a range of videos, or a part of the candidates.

No step holds more than one part. Every step may be repeated: what it writes depends on its element alone.
"""

from __future__ import annotations

import pipeline.runners.lean  # isort: skip  # noqa: F401 - before Beam

from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.runs.dealing import VerdictDealing, verdict_pieces
from pipeline.runs.fingerprints import Fingerprinted
from pipeline.runs.folder import RunFolder
from pipeline.runs.points import WrittenPoints
from pipeline.runs.ranges import reader
from pipeline.runs.resampling import Resampled
from pipeline.runs.splits import CheckedSplits, SplitOf, splits_of
from pipeline.runs.transform import CollectResults, DealVerdicts, FingerprintVideos, ResampleVideos, WritePoints
from schemas import tables
from schemas.ranges import VideoKey, VideoRange
from schemas.remote_paths import AnyPath
from stages.backends.segmenter import Segmenter
from stages.consensus.settling import SettledCounts
from stages.consensus.transform import SettleVerdicts
from stages.evaluate.measures import VideoMeasures
from stages.evaluate.transform import EvaluateVideos
from stages.export.mask_folder import ExportedMasks, MaskFolder
from stages.export.point_folder import ExportedPoints, PointFolder
from stages.export.transform import ExportMasks, ExportPoints
from stages.sample_points.options import SamplingOptions
from stages.video import Opener


class MergeVerdicts(beam.PTransform[PBegin, PCollection[None]]):
    """``merge``: verdicts of the whole corpus → the points of every video.

    Args:
        dealing: of the run's verdicts.
        ranges: all videos.
        excluded: annotators whose verdicts are ignored.
        is_weighed: by their reliability; else the majority decides.
        split_of: the split of a video.
    """

    def __init__(
        self,
        dealing: VerdictDealing,
        ranges: list[VideoRange],
        excluded: list[str],
        is_weighed: bool,
        split_of: SplitOf,
    ) -> None:
        super().__init__()
        self._dealing, self._ranges, self._excluded = dealing, ranges, excluded
        self._is_weighed, self._split_of = is_weighed, split_of

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        pieces = begin | "Pieces" >> beam.Create([*verdict_pieces(self._dealing.run), *self._ranges])
        dealt = pieces | "DealVerdicts" >> DealVerdicts(self._dealing)
        parts = begin | "Parts" >> beam.Create(range(self._dealing.n_parts))
        settle = SettleVerdicts(self._dealing.part, self._dealing.give_back, dealt, self._excluded, self._is_weighed)
        settled = parts | "SettleVerdicts" >> settle
        ranges = begin | "Ranges" >> beam.Create(self._ranges)
        files, counts = settled | "Files" >> beam.Keys(), settled | "Counts" >> beam.Values()
        written = ranges | "WritePoints" >> WritePoints(self._dealing, files, self._split_of)
        counts | "CollectCounts" >> CollectResults(self._dealing.folder / "settled.json", SettledCounts)
        collected: PCollection[None]
        collected = written | "CollectPoints" >> CollectResults(self._dealing.folder / "written.json", WrittenPoints)
        return collected


class EvaluateRun(beam.PTransform[PBegin, PCollection[None]]):
    """``evaluate``: all videos against ground truth.

    Args:
        run: the run.
        ranges: all videos.
        ground_truth: folder of true masks.
        protocol: of the DAVIS scores.
        out: where the measures go.
    """

    def __init__(
        self, run: RunFolder, ranges: list[VideoRange], ground_truth: Path, protocol: str, out: AnyPath
    ) -> None:
        super().__init__()
        self._run, self._ranges, self._out = run, ranges, out
        self._ground_truth, self._protocol = ground_truth, protocol

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        read = reader(self._run, tables.MASKS, tables.CANDIDATES, tables.POINTS)
        ranges = begin | "Ranges" >> beam.Create(self._ranges)
        measured = ranges | "EvaluateVideos" >> EvaluateVideos(read, self._ground_truth, self._protocol)
        collected: PCollection[None]
        collected = measured | "CollectMeasures" >> CollectResults(self._out, VideoMeasures)
        return collected


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


class ResampleRun(beam.PTransform[PBegin, PCollection[None]]):
    """``resample``: the candidates of all videos, redrawn from their masks.

    Args:
        run: the run.
        keys: all videos.
        options: of the sampling.
        jpeg_quality: of the frames that people look at.
        opener: opens videos.
        load_segmenter: loads what looks for places where masks are in doubt; None: they are not looked for.
        out: where the counts go.
    """

    def __init__(
        self,
        run: RunFolder,
        keys: list[VideoKey],
        options: SamplingOptions,
        jpeg_quality: int,
        opener: Opener,
        load_segmenter: Callable[[], Segmenter] | None,
        out: AnyPath,
    ) -> None:
        super().__init__()
        self._keys, self._out = keys, out
        self._resample = ResampleVideos(run, options, jpeg_quality, opener, load_segmenter)

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        drawn = begin | "Videos" >> beam.Create(self._keys) | "ResampleVideos" >> self._resample
        collected: PCollection[None] = drawn | "CollectCounts" >> CollectResults(self._out, Resampled)
        return collected


class FingerprintRun(beam.PTransform[PBegin, PCollection[None]]):
    """``split``: what the pictures of videos look like.

    Args:
        run: the run.
        keys: the videos.
        opener: opens videos.
        out: where it is written what became of each.
    """

    def __init__(self, run: RunFolder, keys: list[VideoKey], opener: Opener, out: AnyPath) -> None:
        super().__init__()
        self._run, self._keys, self._opener, self._out = run, keys, opener, out

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        seen = begin | "Videos" >> beam.Create(self._keys)
        made = seen | "FingerprintVideos" >> FingerprintVideos(self._run, self._opener)
        collected: PCollection[None] = made | "CollectProblems" >> CollectResults(self._out, Fingerprinted)
        return collected

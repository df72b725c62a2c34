"""``EvaluateVideos``: masks, candidates and points of every video against ground truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
from apache_beam.pvalue import PCollection

from schemas.ranges import ReadVideo, VideoRange
from stages.evaluate.measures import VideoMeasures, measure_video
from stages.transform import count_done


class EvaluateVideos(beam.PTransform[PCollection[VideoRange], PCollection[VideoMeasures]]):
    """Ranges of videos → what was measured on each; one video is in memory at a time.

    Args:
        read: reads the rows of a video.
        ground_truth: folder of true masks.
        protocol: of the DAVIS scores.
    """

    def __init__(self, read: ReadVideo, ground_truth: Path, protocol: str) -> None:
        super().__init__()
        self._read, self._ground_truth, self._protocol = read, ground_truth, protocol

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[VideoMeasures]:
        """One step."""
        measured: PCollection[VideoMeasures] = ranges | "MeasureVideos" >> beam.FlatMap(self._measure)
        return measured

    def _measure(self, found: VideoRange) -> Iterator[VideoMeasures]:
        for key in found.videos:
            yield measure_video(self._read(key), self._ground_truth, self._protocol)
            count_done("EvaluateVideos")

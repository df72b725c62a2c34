"""``split`` as a graph: what the pictures of videos look like."""

from __future__ import annotations

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.runs.fingerprints import Fingerprinted, fingerprint_video
from pipeline.runs.folder import RunFolder
from pipeline.table_graphs.collect import CollectResults
from schemas.ranges import VideoKey
from schemas.remote_paths import AnyPath
from stages.arithmetic import use_one_thread_an_operation
from stages.transform import count_done
from stages.video import Opener


class FingerprintVideos(beam.PTransform[PCollection[VideoKey], PCollection[Fingerprinted]]):
    """Videos → how fingerprinting them ended; the fingerprints are written to the run."""

    def __init__(self, run: RunFolder, opener: Opener) -> None:
        super().__init__()
        self._run, self._opener = run, opener

    def expand(self, videos: PCollection[VideoKey]) -> PCollection[Fingerprinted]:
        """One step, spread over all workers; a repeated video gives the same file."""
        spread = videos | "SpreadVideos" >> beam.Reshuffle()
        made: PCollection[Fingerprinted] = spread | "FingerprintVideo" >> beam.Map(self._fingerprint)
        return made

    def _fingerprint(self, key: VideoKey) -> Fingerprinted:
        use_one_thread_an_operation()
        found = fingerprint_video(self._run, key, self._opener)
        count_done("FingerprintVideos")
        return found


class FingerprintRun(beam.PTransform[PBegin, PCollection[None]]):
    """``split``: what the pictures of videos look like.

    Args:
        run: the run.
        keys: the videos.
        opener: opens videos.
        out: where the outcome of each is written.
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

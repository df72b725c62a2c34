"""One video, from localizations to candidates: one sequential decode, one commit. And the same as a Beam transform."""

from __future__ import annotations

import errno
import logging
import os
from array import array
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.utils.shared import Shared

from pipeline.claims import Claims
from pipeline.config import RunConfig
from pipeline.files import is_remote, open_binary
from pipeline.frame_store import FrameStore
from pipeline.jobs import VideoJob
from pipeline.memory import give_back_free_memory
from pipeline.progress import Heartbeat
from pipeline.run_folder import RunFolder, write_unit
from schemas import tables
from schemas.frames import Frame
from schemas.localizations import Expression, Localization
from schemas.masks import Mask, encode_rle
from schemas.rejects import Reject
from schemas.tables import Table
from schemas.videos import Video
from stages.frames import DecodeError, open_video
from stages.localize.backends.registry import load_localizer
from stages.localize.searching import Search, frames_to_search
from stages.propagate.backends.registry import load_propagator
from stages.propagate.sweep import propagate
from stages.propagate.tracked import Anchor, Tracked
from stages.sample_points.sampling import sample_video
from stages.segment.backends.registry import load_segmenter
from stages.segment.segmenting import segment_frame
from stages.shots import ShotCuts

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
logger = logging.getLogger(__name__)


class RunFolderFullError(OSError):
    """The run folder takes no more data: the whole command must stop, since no other video would fare better."""


@dataclass(slots=True, weakref_slot=True)
class Annotator:
    """Loaded models and the settings of a run; annotates one video after the other."""

    run: RunFolder
    config: RunConfig
    segmenter: Any
    propagator: Any
    localizer: Any = None

    @classmethod
    def load(cls, run: RunFolder, config: RunConfig) -> Annotator:
        """Load the models that the config names."""
        compute = config.compute
        segmenter = load_segmenter(config.models.segmenter, device=compute.device)
        propagator = load_propagator(config.models.propagator, device=compute.device, threads=compute.threads)
        return cls(run, config, segmenter, propagator)

    def search(self) -> Search:
        """A search through one video; the localizer is loaded when the first one is wanted."""
        if self.localizer is None:
            self.localizer = load_localizer(self.config.models.localizer, device=self.config.compute.device)
        return Search(self.localizer)

    def annotate(self, job: VideoJob, heartbeat: Heartbeat) -> tuple[Video | None, list[Reject]]:
        """Annotate one video and commit its unit.

        Returns:
            The committed video (None when the video as a whole was rejected) and its rejects.

        Raises:
            RunFolderFullError: no space is left for the result.
        """
        self.run.drop_unit(job.video_id, job.unit)
        try:
            return self._annotate(job, heartbeat)
        except DecodeError as error:
            reject = Reject("decode", job.video_id, error.error, str(error), job.file.uri)
        except OSError as error:
            if error.errno in _FULL:
                raise RunFolderFullError(error.errno, os.strerror(error.errno), str(self.run.path)) from error
            reject = _unexpected(job, error)
        except Exception as error:  # one video never takes the others with it
            reject = _unexpected(job, error)
        finally:
            heartbeat.end()
            give_back_free_memory()
        write_unit(self.run, job.stem, [(tables.REJECTS, [reject])])
        return None, [reject]

    def _annotate(self, job: VideoJob, heartbeat: Heartbeat) -> tuple[Video, list[Reject]]:
        self.run.work.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.run.work, prefix="video-") as temporary:
            spool = Path(temporary, "spool")
            spool.mkdir()
            store = FrameStore(Path(temporary), self.config.jpeg_quality)
            track = _Track(self, job, store)
            with open_video(job.file, opener=open_binary if is_remote(job.file.uri) else None) as reader:
                cuts, times_s = ShotCuts(), array("d")
                frames = cuts.watch(store.record(_noted(reader, heartbeat, times_s)))
                for tracked in track.run(frames, reader.source.n_frames, spool, cuts.frames):
                    track.take(tracked)
                    heartbeat.final(tracked.frame_idx)
                video = replace(
                    reader.video(),
                    n_objects=len(track.references),
                    times_s=tuple(times_s) if any(times_s) else (),
                    cuts=tuple(sorted(cuts.frames)),
                    unit=job.unit,
                )
            return self._commit(job, video, track)

    def _commit(self, job: VideoJob, video: Video, track: _Track) -> tuple[Video, list[Reject]]:
        masks = sorted(track.masks, key=lambda m: (m.object_id, m.frame_idx))
        candidates = sample_video(
            job.video_id, masks, track.store.trust, track.references, track.groups, self.config.sampling
        )
        rejects = [*track.rejects, *(track.search.rejects() if track.search else ()), *_lost(job, video, track)]
        kept = {c.frame_idx for c in candidates} | set(track.references.values())
        track.store.keep_frames(sorted(kept), self.run.frames_of(job.video_id))
        parts: list[tuple[Table[Any], Sequence[Any]]] = [
            (tables.LOCALIZATIONS, track.localizations()),
            (tables.MASKS, masks),
            (tables.CANDIDATES, candidates),
            (tables.REJECTS, rejects),
            (tables.VIDEOS, [video]),
        ]
        write_unit(self.run, job.stem, parts)
        return video, rejects


@dataclass(slots=True)
class _Track:
    """What comes out of one pass over a video."""

    annotator: Annotator
    job: VideoJob
    store: FrameStore
    masks: list[Mask] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    references: dict[str, int] = field(default_factory=dict)
    search: Search | None = None
    placed: list[Localization] = field(default_factory=list)

    def localizations(self) -> list[Localization]:
        """Those that were given, and what was found for those that are mere words."""
        return [loc for loc in self.job.localizations if not isinstance(loc.hint, Expression)] + self.placed

    @property
    def groups(self) -> dict[str, str]:
        return {loc.object_id: loc.group for loc in self.job.localizations}

    def run(self, frames: Iterable[Frame], n_frames: int, spool: Path, cuts: Container[int]) -> Iterator[Tracked]:
        by_frame: dict[int, list[Localization]] = defaultdict(list)
        for localization in self.job.localizations:
            for frame_idx in frames_to_search(localization, n_frames):
                by_frame[frame_idx].append(localization)

        def seed(frame: Frame, object_ids: frozenset[str]) -> Mapping[str, Anchor]:
            wanted = [loc for loc in by_frame[frame.idx] if loc.object_id in object_ids]
            found, rejects = segment_frame(self.annotator.segmenter, frame.image, self.put_in_place(frame, wanted))
            self.rejects.extend(rejects)
            for object_id in found:
                self.references.setdefault(object_id, frame.idx)
            return {key: Anchor(s.mask, s.quality, s.source, s.model) for key, s in found.items()}

        anchors = {idx: frozenset(loc.object_id for loc in own) for idx, own in by_frame.items()}
        threads = self.annotator.config.compute.threads
        return propagate(
            frames,
            anchors,
            seed,
            self.annotator.propagator,
            groups=self.groups,
            spool=spool,
            lookahead=0 if threads == 1 else threads,
            cuts=cuts,
        )

    def put_in_place(self, frame: Frame, wanted: Sequence[Localization]) -> list[Localization]:
        """The localizations of a frame, with places instead of mere words."""
        words = [loc for loc in wanted if isinstance(loc.hint, Expression)]
        if not words:
            return list(wanted)
        self.search = self.search or self.annotator.search()
        found = self.search.look(frame.image, frame.idx, words)
        self.placed += found
        return [loc for loc in wanted if loc not in words] + found

    def take(self, tracked: Tracked) -> None:
        height, width = tracked.mask.shape
        self.masks.append(
            Mask(
                self.job.video_id, tracked.object_id, tracked.frame_idx, height, width, encode_rle(tracked.mask),
                tracked.source, tracked.model, tracked.quality,
            )
        )  # fmt: skip
        self.store.put_trust(tracked.object_id, tracked.frame_idx, tracked.trust)


def _noted(frames: Iterable[Frame], heartbeat: Heartbeat, times_s: array[float]) -> Iterator[Frame]:
    for frame in frames:
        times_s.append(frame.time_s)
        heartbeat.decoded(frame.idx + 1)
        yield frame


def _lost(job: VideoJob, video: Video, track: _Track) -> Iterator[Reject]:
    for loc in job.localizations:
        if loc.frame_idx >= video.n_frames:
            key = f"{job.video_id}/{loc.object_id}@{loc.frame_idx}"
            detail = f"frame {loc.frame_idx} is beyond the end: the video has frames 0 to {video.n_frames - 1}"
            yield Reject("segment", key, "unknown_frame", detail, loc.input_uri)


def _unexpected(job: VideoJob, error: Exception) -> Reject:
    logger.exception("video %s failed", job.video_id)
    detail = f"{type(error).__name__}: {error}; see logs/ in the run folder, then run the same command again"
    return Reject("annotate", job.video_id, "unexpected", detail, job.file.uri)


class AnnotateVideosDoFn(beam.DoFn):
    """Annotate videos, each committed by itself. Elements are references: no pixel travels through Beam."""

    def __init__(self, run: RunFolder, config: RunConfig) -> None:
        self._run = run
        self._config = config
        self._shared = Shared()

    def setup(self) -> None:
        """Load the models, once a process."""
        self._annotator: Annotator = self._shared.acquire(lambda: Annotator.load(self._run, self._config))

    def process(self, job: VideoJob) -> Iterator[Reject]:
        """Yield the rejects of one video; its tables are on disk when this ends."""
        claims = Claims(self._run.work)
        if not claims.take(job.stem):
            return
        video, rejects = self._annotator.annotate(job, Heartbeat(claims.heartbeat))
        claims.finish(job.stem, video.n_frames if video else 0, video.n_objects if video else 0)
        yield from rejects


class AnnotateVideos(beam.PTransform[PCollection[VideoJob], PCollection[Reject]]):
    """Videos with localizations to masks and candidates on disk; yields what had to be rejected."""

    def __init__(self, run: RunFolder, config: RunConfig) -> None:
        super().__init__()
        self._run = run
        self._config = config

    def expand(self, jobs: PCollection[VideoJob]) -> PCollection[Reject]:
        """Apply the DoFn."""
        rejects: PCollection[Reject] = jobs | "AnnotateVideo" >> beam.ParDo(AnnotateVideosDoFn(self._run, self._config))
        return rejects

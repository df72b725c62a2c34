"""One video, from localizations to candidates: one sequential decode, one commit. And the same as a Beam transform."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.utils.shared import Shared

from pipeline.claims import Claims
from pipeline.config import RunConfig
from pipeline.damage import damage_rejects
from pipeline.files import is_remote, open_binary
from pipeline.frame_store import FrameStore
from pipeline.jobs import VideoJob
from pipeline.loaded_models import LoadedModels
from pipeline.memory import give_back_free_memory
from pipeline.passes import split
from pipeline.progress import Heartbeat
from pipeline.run_folder import RunFolder, write_unit
from pipeline.tracking import Track
from schemas import tables
from schemas.frames import Frame
from schemas.rejects import Reject
from schemas.tables import Table
from schemas.videos import Video
from stages.frames import DecodeError, open_video
from stages.propagate.repairing import doubted_frames
from stages.sample_points.sampling import sample_video
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
    models: LoadedModels

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
            track = Track(self.models, job, FrameStore(Path(temporary), self.config.jpeg_quality))
            passes = split(track.groups, self.config.models.objects_a_pass)
            heartbeat.start(len(passes))
            for object_ids in passes:
                video = self._pass(track, object_ids, spool, heartbeat)
            if len(passes) > 1:
                track.part()
            return self._commit(job, replace(video, n_objects=len(track.references), unit=job.unit), track)

    def _pass(self, track: Track, object_ids: frozenset[str], spool: Path, heartbeat: Heartbeat) -> Video:
        """Carry some objects through the whole video."""
        uri = track.job.file.uri
        with open_video(track.job.file, opener=open_binary if is_remote(uri) else None) as reader:
            cuts = ShotCuts()
            frames = cuts.watch(track.store.record(_noted(reader, heartbeat)))
            for tracked in track.run(frames, reader.source.n_frames, object_ids, spool, cuts.frames):
                track.take(tracked)
                heartbeat.final(tracked.frame_idx)
            track.lost = list(reader.lost)
            times_s = tuple(reader.times_s) if any(reader.times_s) else ()
            return replace(reader.video(), times_s=times_s, cuts=tuple(sorted(cuts.frames)))

    def _commit(self, job: VideoJob, video: Video, track: Track) -> tuple[Video, list[Reject]]:
        masks = sorted(track.masks, key=lambda m: (m.object_id, m.frame_idx))
        candidates = sample_video(
            job.video_id,
            masks,
            track.store.trust,
            track.references,
            track.groups,
            self.config.sampling,
            doubted=doubted_frames(track.repairs),
        )
        missing = damage_rejects(video, track.lost, job.localizations)
        rejects = [*track.rejects, *(track.search.rejects() if track.search else ()), *missing]
        kept = {c.frame_idx for c in candidates} | set(track.references.values())
        track.store.keep_frames(sorted(kept), self.run.frames_of(job.video_id))
        parts: list[tuple[Table[Any], Sequence[Any]]] = [
            (tables.LOCALIZATIONS, track.localizations()),
            (tables.MASKS, masks),
            (tables.REPAIRS, sorted(track.repairs, key=lambda r: (r.object_id, r.frame_idx))),
            (tables.CANDIDATES, candidates),
            (tables.REJECTS, rejects),
            (tables.VIDEOS, [video]),
        ]
        write_unit(self.run, job.stem, parts)
        return video, rejects


def _noted(frames: Iterable[Frame], heartbeat: Heartbeat) -> Iterator[Frame]:
    for frame in frames:
        heartbeat.decoded()
        yield frame


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
        self._annotator: Annotator = self._shared.acquire(
            lambda: Annotator(self._run, self._config, LoadedModels.load(self._config))
        )

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

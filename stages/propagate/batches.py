"""A batch of objects carried through its whole video: one sequential decode, rows and packed trust maps out of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from schemas.elements import SegmentedBatch, TrackedBatch
from schemas.frames import Frame
from schemas.masks import Mask
from schemas.object_masks import ObjectMask
from schemas.repairs import Repair
from stages.backends.propagator import Propagator
from stages.backends.segmenter import Segmenter
from stages.patches import pack_patch
from stages.progress import BatchProgress, drawn
from stages.propagate.bidirectional import Task, propagate
from stages.propagate.joining.stored_maps import StoredMaps
from stages.propagate.overlaps import contested_objects
from stages.propagate.prefetch import prefetched_results
from stages.propagate.repair import Repairer, RepairOptions
from stages.video import Opener, open_video
from stages.video.shots import ShotCuts


@dataclass(frozen=True, slots=True)
class Models:
    """What a batch is propagated with.

    Attributes:
        propagator: the model.
        segmenter: for repairs.
    """

    propagator: Propagator
    segmenter: Segmenter


@dataclass(frozen=True, slots=True)
class PropagateOptions:
    """How batches are propagated.

    Attributes:
        repair: which masks are re-segmented.
        prefetch: frames that are decoded and encoded ahead in threads, and masks whose run lengths are written behind
            in as many; it changes no result.
        scratch: folder for what waits on disk; the system's own by default.
        opener: opens videos.
    """

    repair: RepairOptions
    prefetch: int = 0
    scratch: Path | None = None
    opener: Opener | None = None


def propagate_batch(seeds: SegmentedBatch, models: Models, options: PropagateOptions) -> TrackedBatch:
    """Carry the objects of a batch through all frames.

    Raises:
        DecodeError: the video cannot be decoded.
    """
    if options.scratch:
        options.scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=options.scratch, prefix="video-") as folder:
        run = _Run(seeds, models, options, Path(folder))
        with open_video(seeds.job.file, opener=options.opener) as reader:
            cuts = ShotCuts()
            progress = BatchProgress(seeds.batch, reader.source.n_frames)
            frames = cuts.watch(progress.propagating(reader))
            with (
                closing(run.through(frames, cuts.frames)) as tracked,
                closing(prefetched_results(tracked, ObjectMask.row, options.prefetch)) as coded,
            ):
                for row, mask in coded:
                    run.keep(row, mask)
                    progress.final(mask.frame_idx)
            times_s = tuple(reader.times_s) if any(reader.times_s) else ()
            video = replace(reader.video(), times_s=times_s, cuts=tuple(sorted(cuts.frames)))
            lost = tuple(reader.lost)
        return TrackedBatch(seeds, video, tuple(run.masks), tuple(run.repairs), run.references, run.trusts, lost)


@dataclass(slots=True)
class _Run:
    """One batch on its way."""

    seeds: SegmentedBatch
    models: Models
    options: PropagateOptions
    folder: Path
    masks: list[Mask] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    references: dict[str, int] = field(default_factory=dict)
    trusts: StoredMaps = field(init=False)
    _contested: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._contested = contested_objects(self.seeds.batch)
        self.trusts = StoredMaps.in_folder(self.options.scratch)

    def through(self, frames: Iterable[Frame], cuts: Collection[int]) -> Generator[ObjectMask, None, None]:
        job = self.seeds.job
        by_frame: dict[int, list[Mask]] = defaultdict(list)
        for seed in self.seeds.masks:
            by_frame[seed.frame_idx].append(seed)
            self.references.setdefault(seed.object_id, seed.frame_idx)
        task = Task(
            job.video_id,
            by_frame,
            job.groups,
            self.models.propagator,
            self.folder / "spool",
            cuts,
            self.options.prefetch,
            self._repairer(),
        )
        return propagate(frames, task)

    def keep(self, row: ObjectMask, mask: Mask) -> None:
        self.masks.append(mask)
        drawn(mask)
        if row.trust is not None and row.object_id in self._contested:
            self.trusts.put((row.object_id, row.frame_idx), pack_patch(row.trust))

    def _repairer(self) -> Repairer | None:
        options, job = self.options.repair, self.seeds.job
        repairer = Repairer(self.models.segmenter, options, job.groups, self.repairs, job.seen)
        return repairer if options.enabled else None

"""Trials: one network, trained on some videos of a run and tested on others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from pipeline.dataset import RunMasks, TrueMasks, open_dataset
from pipeline.point_vos.tracking import Encodings, Masks, ObjectStarts, track
from pipeline.runs.folder import RunFolder
from pipeline.runs.frame_files import names_of
from pipeline.runs.resampling import source_of
from pipeline.runs.units import videos_of
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.videos import Video
from schemas.whole_files import write_whole
from stages.backends.embedded.training.checkpoints import TrainingFiles
from stages.backends.memory_network.weights import load_memory_propagator
from stages.evaluate.boundary import region_and_boundary
from stages.evaluate.davis import scored_frames
from stages.evaluate.ground_truth import VideoTruth, find_truth
from stages.export.index_png import index_png
from stages.train.digests import digest_of
from stages.train.frozen_features import FrozenFeatures, frozen_features
from stages.train.points import FramePoints, points_of, videos_with_points
from stages.train.propagator import COLUMNS, Sources, Tell, train
from stages.train.settings import ClipTraining

NOTHING = "nothing"
"""In place of a supervision: the network as it begins, for comparison."""
STARTS = ("points", "masks")
"""What a test begins with on an object's first frame."""


@dataclass(frozen=True, slots=True)
class ObjectResult:
    """One object of a held-out video from one kind of start.

    Attributes:
        video_id: the video.
        object_id: the object.
        start: one of STARTS.
        j: mean over the frames behind the first, without the last one.
        f: likewise.
        n_on: verified points on it behind the first frame.
        n_on_right: of them, those in its mask.
        n_off: verified points off it behind the first frame.
        n_off_right: of them, those outside its mask.
    """

    video_id: str
    object_id: str
    start: str
    j: float
    f: float
    n_on: int
    n_on_right: int
    n_off: int
    n_off_right: int

    @property
    def j_and_f(self) -> float:
        """Mean of J and F."""
        return (self.j + self.f) / 2


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial and its result.

    Attributes:
        learn: one of the supervisions, or NOTHING.
        seed: of the training.
        held_out: the videos that it is tested on.
        steps_done: of the optimizer.
        objects: results.
    """

    learn: str
    seed: int
    held_out: tuple[str, ...]
    steps_done: int = 0
    objects: tuple[ObjectResult, ...] = ()

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.learn}-seed{self.seed}-{self.held_out[0].replace('/', '_')}+{len(self.held_out) - 1}"

    def mean(self, start: str) -> float:
        """J&F over all objects."""
        return fmean(one.j_and_f for one in self.objects if one.start == start)


class TrialRunner:
    """Where trials are made: a run with verified points, ground truth, and a folder that keeps what is done.

    Args:
        run: the run.
        ground_truth: folder of true masks, VIDEO_ID/FRAME.png.
        out: keeps weights, trials and results; the same trials again take up what is there.
        settings: of trainings, but for their supervision and seed.
        device: ``auto``, ``cpu`` or ``cuda[:n]``.
        points: folder of Parquet files of points to train on; those of the run by default.
    """

    def __init__(
        self,
        run: RunFolder,
        ground_truth: Path,
        out: Path,
        settings: ClipTraining,
        device: str,
        points: Path | None = None,
        features: FrozenFeatures | None = None,
        encodings: Encodings | None = None,
    ) -> None:
        self.run, self.ground_truth, self.out = run, ground_truth, out
        self.settings, self.device = settings, device
        self.features = features or frozen_features(device)
        self.encodings = encodings or Encodings()
        self.points = points
        own = Path(str(run.path)) / tables.POINTS.name
        self._points = {one.video_id: points_of(one) for one in videos_with_points(own, None)}
        self.videos: dict[str, Video] = {video.video_id: video for video in videos_of(run)}

    def on(self, points: Path, out: Path) -> TrialRunner:
        """The same with other points to train on; features and encodings are shared."""
        return TrialRunner(
            self.run, self.ground_truth, out, self.settings, self.device, points, self.features, self.encodings
        )

    def folds(self, leave_out: int) -> list[tuple[str, ...]]:
        """The videos that are held out, trial by trial: ``leave_out`` at a time by id, or at 0 those of split val.

        Raises:
            UsageProblem: too few videos have points and ground truth.
        """
        usable = [video_id for video_id in sorted(self._points) if self._truth(video_id)]
        if not leave_out:
            own = {one.video_id for one in videos_with_points(Path(str(self.run.path)) / tables.POINTS.name, "val")}
            if not (val := tuple(video_id for video_id in usable if video_id in own)):
                raise UsageProblem("no video of split val has points and ground truth; give --leave-out 2")
            return [val]
        if len(usable) <= leave_out:
            raise UsageProblem(
                f"{len(usable)} videos have points and ground truth; to leave out {leave_out}, more are needed"
            )
        return [tuple(usable[i : i + leave_out]) for i in range(0, len(usable) - leave_out + 1, leave_out)]

    def run_trial(self, trial: Trial, tell: Tell = lambda *_: None) -> Trial:
        """Train and test, or read its earlier result."""
        kept = self.out / "trials" / f"{trial.name}.json"
        settings = self._settings(trial)
        sources = self._sources(settings, trial.held_out)
        question = {"settings": asdict(settings), "data": sources.digest}
        if kept.is_file() and (found := json.loads(kept.read_text()))["question"] == question:
            return _read(found)
        weights = self.out / "weights" / f"{trial.name}.pt"
        weights.parent.mkdir(parents=True, exist_ok=True)
        files = TrainingFiles(weights, COLUMNS)
        train(sources, files, settings, device=self.device, features=self.features, tell=tell)
        propagator = load_memory_propagator(f"trained:{weights}", weights, self.device)
        results = [one for video_id in trial.held_out for one in self._test(trial, video_id, propagator)]
        done = replace(trial, steps_done=settings.steps, objects=tuple(results))
        write_whole(kept, (json.dumps({"question": question, **asdict(done)}, indent=1) + "\n").encode())
        return done

    def _settings(self, trial: Trial) -> ClipTraining:
        if trial.learn == NOTHING:
            return replace(self.settings, supervision="points", seed=trial.seed, steps=1, rate=0.0)
        return replace(self.settings, supervision=trial.learn, seed=trial.seed)

    def _sources(self, settings: ClipTraining, held_out: Sequence[str]) -> Sources:
        read_mask = {"points": None, "masks": TrueMasks(self.run, self.ground_truth)}.get(
            settings.supervision, RunMasks(self.run)
        )
        whole = open_dataset(
            Path(str(self.run.path)), None, settings.dataset_options(), read_mask, self.points, bool(settings.between)
        ).only(set(self.videos) - set(held_out))
        return Sources(whole, None, digest_of(whole))

    def _truth(self, video_id: str) -> VideoTruth | None:
        if (video := self.videos.get(video_id)) is None:
            return None
        size = video.height, video.width
        return find_truth(self.ground_truth, video_id, set(self._points[video_id]), size, names_of(video))

    def _starts(self, video_id: str, truth: VideoTruth) -> ObjectStarts:
        points: dict[int, dict[str, FramePoints]] = {}
        for object_id, frames in self._points[video_id].items():
            first = next((idx for idx, own in frames.items() if own.labels.any()), None)
            if first is not None:
                points.setdefault(first, {})[object_id] = frames[first]
        masks: dict[int, dict[str, Any]] = {}
        open_ids = set(self._points[video_id])
        for frame in truth.frames():
            for object_id in sorted(open_ids & frame.object_ids()):
                masks.setdefault(frame.frame_idx, {})[object_id] = frame.mask(object_id)
                open_ids.discard(object_id)
            if not open_ids:
                break
        return ObjectStarts(points, masks)

    def _test(self, trial: Trial, video_id: str, propagator: Any) -> list[ObjectResult]:
        truth = self._truth(video_id)
        if truth is None:
            raise UsageProblem(f"video {video_id!r} has no ground truth below {self.ground_truth}")
        starts = self._starts(video_id, truth)
        stems = names_of(self.videos[video_id]).stems()
        counts = {start: _Counts(start, begun) for start, begun in (("points", starts.points), ("masks", starts.masks))}
        counted = set(scored_frames(list(truth.paths), "semi-supervised"))
        true_frames = {frame.frame_idx: frame for frame in truth.frames()}
        for idx, *both in track(source_of(self.videos[video_id]), propagator, starts, self.encodings):
            for start, masks in zip(STARTS, both, strict=True):
                self._write(trial, start, video_id, stems[idx] if stems else f"{idx:05d}", masks)
                counts[start].points(idx, masks, self._points[video_id])
                if idx in counted and idx in true_frames:
                    counts[start].masks(idx, masks, true_frames[idx])
        return [one for start in STARTS for one in counts[start].results(video_id)]

    def _write(self, trial: Trial, start: str, video_id: str, name: str, masks: Masks) -> None:
        """An index map for the official evaluators; object ids that are no numbers count from 1."""
        if not masks:
            return
        ids = sorted(self._points[video_id])
        labels = np.zeros(next(iter(masks.values())).shape, dtype=np.uint8)
        for object_id, mask in masks.items():
            labels[mask] = int(object_id) if object_id.isdecimal() else ids.index(object_id) + 1
        file = self.out / "results" / trial.name / f"from-{start}" / video_id / f"{name}.png"
        write_whole(file, index_png(labels), is_synced=False)


class _Counts:
    """Scores of one video from one kind of start, behind the frame on which each object begins."""

    def __init__(self, start: str, begun: Mapping[int, Mapping[str, Any]]) -> None:
        self._start = start
        self._first = {object_id: idx for idx, own in begun.items() for object_id in own}
        self._scores: dict[str, list[tuple[float, float]]] = {object_id: [] for object_id in self._first}
        self._points = {object_id: [0, 0, 0, 0] for object_id in self._first}

    def masks(self, idx: int, found: Masks, frame: Any) -> None:
        for object_id, first in self._first.items():
            if idx > first:
                true = frame.mask(object_id)
                self._scores[object_id].append(region_and_boundary(true, found.get(object_id, np.zeros_like(true))))

    def points(self, idx: int, found: Masks, points: Mapping[str, Mapping[int, FramePoints]]) -> None:
        for object_id, first in self._first.items():
            own = points[object_id].get(idx)
            if own is None or idx <= first or object_id not in found:
                continue
            says = found[object_id][own.xy[:, 1], own.xy[:, 0]]
            on = own.labels == 1
            more = (on.sum(), (on & says).sum(), (~on).sum(), (~on & ~says).sum())
            self._points[object_id] = [old + int(new) for old, new in zip(self._points[object_id], more, strict=True)]

    def results(self, video_id: str) -> list[ObjectResult]:
        found = []
        for object_id, scores in self._scores.items():
            if scores:
                j, f = (float(value) for value in np.mean(scores, axis=0))
                found.append(ObjectResult(video_id, object_id, self._start, j, f, *self._points[object_id]))
        return found


def _read(found: Mapping[str, Any]) -> Trial:
    objects = tuple(ObjectResult(**one) for one in found["objects"])
    return Trial(found["learn"], found["seed"], tuple(found["held_out"]), found["steps_done"], objects)

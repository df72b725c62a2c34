"""Result folders of referring video segmentation against ground truth: J and F an expression.

Two layouts are read. Ref-YouTube-VOS: ``<video>/<expression>/<frame>.png``, one mask an expression, and
``meta_expressions.json`` says which object each expression means. Ref-DAVIS: ``anno_<n>/<video>/<frame>.png``, index
maps in which object ``k`` is what the n-th annotator's words for object ``k`` led to. All annotated frames count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.evaluate.boundary import region_and_boundary
from stages.evaluate.davis import FrameScore, ObjectScore, score_objects
from stages.evaluate.ground_truth import TruthFrame, VideoTruth, find_truth, read_labels
from stages.video.mask_images import VOID, label_of

PROTOCOL = "all-frames"


@dataclass(frozen=True, slots=True)
class Referred:
    """Where the result of one expression lies.

    Attributes:
        video_id: the video.
        expression_id: number of the expression, or the annotator of Ref-DAVIS.
        object_id: the object that it means, as the ground truth calls it.
        words: the expression; empty where the layout does not tell.
        folder: of its PNGs.
        is_index_map: the PNGs hold all objects by number; else they hold this expression's mask alone.
    """

    video_id: str
    expression_id: str
    object_id: str
    words: str
    folder: Path
    is_index_map: bool = False


@dataclass(frozen=True, slots=True)
class ExpressionScore:
    """What was measured of one expression.

    Attributes:
        referred: which.
        score: the DAVIS scores over all annotated frames.
        missing: annotated frames without a PNG, which count as empty masks.
    """

    referred: Referred
    score: ObjectScore
    missing: tuple[str, ...] = ()


def by_expression(results: Path, document: Mapping[str, Any]) -> list[Referred]:
    """The expressions of a ``meta_expressions.json`` with a place for results below ``results``.

    Raises:
        ValueError: the document is not in this format; the message says where.
    """
    videos = document.get("videos")
    if not isinstance(videos, dict):
        raise ValueError("the expressions file holds no object 'videos'")
    found = []
    for video_id, video in videos.items():
        expressions = video.get("expressions") if isinstance(video, dict) else None
        if not isinstance(expressions, dict):
            raise ValueError(f"video {video_id!r} of the expressions file holds no object 'expressions'")
        for number, entry in expressions.items():
            if not isinstance(entry, dict) or not str(entry.get("obj_id", "")):
                raise ValueError(
                    f"expression {video_id}/{number} names no obj_id, so nothing says which object is meant; "
                    "results can be scored with the file of a split whose objects are published"
                )
            folder = results / video_id / str(number)
            found.append(Referred(video_id, str(number), str(entry["obj_id"]), _words(entry, video), folder))
    return found


def _words(entry: Mapping[str, Any], video: Mapping[str, Any]) -> str:
    """An expression; in Video Narrative Grounding, the noun of the narrative that it names."""
    if "exp" in entry or "noun_phrase_start_idx" not in entry:
        return str(entry.get("exp", ""))
    try:
        description = video["actor_narratives"][entry["narrative_actor_idx"]]["description"]
        return str(description[entry["noun_phrase_start_idx"] : entry["noun_phrase_end_idx"]])
    except (KeyError, IndexError, TypeError):
        raise ValueError(f"expression {dict(entry)} names no noun of the actor_narratives") from None


def by_annotator(results: Path, ground_truth: Path) -> list[Referred]:
    """The objects of every video below the ``anno_<n>`` folders of Ref-DAVIS; empty when there is none."""
    found = []
    for annotator in sorted(path for path in results.glob("anno_*") if path.is_dir()):
        for video in sorted(path for path in annotator.iterdir() if path.is_dir()):
            truth = find_truth(ground_truth, video.name, is_by_label=True)
            ids = sorted({key for frame in truth.frames() for key in frame.object_ids()}) if truth else []
            found += [Referred(video.name, annotator.name, key, "", video, is_index_map=True) for key in ids]
    return found


def score_video(truth: VideoTruth, referred: Sequence[Referred]) -> Iterator[ExpressionScore | str]:
    """J and F of every expression of one video, or a sentence about one that cannot be scored."""
    return score_each(partial(_score, truth), referred)


def score_each(
    score: Callable[[Referred], ExpressionScore], referred: Sequence[Referred]
) -> Iterator[ExpressionScore | str]:
    """The score of every expression, or a sentence about one that cannot be scored, which raises ValueError."""
    for one in referred:
        try:
            yield score(one)
        except ValueError as problem:
            yield f"{one.video_id}/{one.expression_id}: {problem}"


def _score(truth: VideoTruth, one: Referred) -> ExpressionScore:
    if not one.folder.is_dir():
        raise ValueError(f"no results: folder {one.folder} is missing")
    scores, missing = [], []
    for frame in truth.frames():
        path = one.folder / truth.paths[frame.frame_idx].name
        if not path.is_file():
            missing.append(path.name)
        scores.append(_score_frame(frame, one, path if path.is_file() else None))
    if len(missing) == len(scores):
        raise ValueError(f"no results: {one.folder} holds none of the {len(scores)} annotated frames")
    if not any(frame.object_ids() >= {one.object_id} for frame in truth.frames()):
        raise ValueError(f"object {one.object_id!r} is not in the ground truth")
    (score,) = score_objects(one.video_id, scores, list(truth.paths), PROTOCOL)
    return ExpressionScore(one, score, tuple(missing))


def _score_frame(frame: TruthFrame, one: Referred, path: Path | None) -> FrameScore:
    expected = frame.mask(one.object_id)
    found = np.zeros_like(expected) if path is None else _mask(path, one)
    if found.shape != expected.shape:
        raise ValueError(f"{path} is {found.shape}, its ground truth {expected.shape} (H, W)")
    if (void := frame.void()) is not None:
        expected, found = expected & ~void, found & ~void
    return FrameScore(one.object_id, frame.frame_idx, *region_and_boundary(expected, found))


def _mask(path: Path, one: Referred) -> NDArray[np.bool_]:
    if not one.is_index_map:
        return binary_mask(path)
    return np.ascontiguousarray(read_labels(path) == label_of(one.object_id))


def binary_mask(path: Path) -> NDArray[np.bool_]:
    """(H, W) bool: where the result of one expression is not background.

    Raises:
        ValueError: it is not a mask.
    """
    labels = read_labels(path)
    return np.ascontiguousarray((labels != 0) & (labels != VOID))

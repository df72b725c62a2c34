"""Ground truth of Video Narrative Grounding: JSON of video instances, as YouTube-VIS and OVIS have it.

An expression names an annotation by its id. A frame whose mask is null does not count.

Source: https://github.com/google/video-localized-narratives, video_narrative_grounding
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from schemas.json_text import parse_json
from stages.evaluate.boundary import region_and_boundary
from stages.evaluate.davis import FrameScore, score_objects
from stages.evaluate.referring import PROTOCOL, ExpressionScore, Referred, binary_mask, score_each
from stages.video.frame_names import frame_stem

Truth = Mapping[str, Mapping[str, Any]]
"""Annotation id → name of a frame without extension → its run lengths or polygons."""


def truth_files(path: Path) -> list[Path]:
    """The JSON file, or those in the folder, that hold annotations; none where ground truth are pictures."""
    files = [path] if path.is_file() else sorted(path.glob("*masks*.json"))
    return [file for file in files if file.suffix.lower() == ".json"]


def read_truth(files: Sequence[Path]) -> Truth:
    """The annotations of all files.

    Raises:
        ValueError: a file is not in this format; the message says which.
    """
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        try:
            document = parse_json(file.read_bytes())
            names = {video["id"]: [frame_stem(name) for name in video["file_names"]] for video in document["videos"]}
            for one in document["annotations"]:
                pairs = zip(names[one["video_id"]], one["segmentations"], strict=True)
                found[str(one["id"])] = {name: shape for name, shape in pairs if shape}
        except (KeyError, TypeError, ValueError) as problem:
            raise ValueError(
                f"ground truth {file} is not JSON of videos with file_names and annotations with segmentations: "
                f"{problem!r}"
            ) from None
    return found


def score_nouns(truth: Truth, referred: Sequence[Referred]) -> Iterator[ExpressionScore | str]:
    """J and F of every expression, or a sentence about one that cannot be scored."""
    return score_each(partial(_score, truth), referred)


def _score(truth: Truth, one: Referred) -> ExpressionScore:
    masks = truth.get(one.object_id)
    if not masks:
        raise ValueError(f"annotation {one.object_id!r} is not in the ground truth, or has no mask")
    scores, missing = [], []
    for idx, (name, shape) in enumerate(masks.items()):
        expected, path = _drawn(shape), one.folder / f"{name}.png"
        found = binary_mask(path) if path.is_file() else np.zeros_like(expected)
        if found.shape != expected.shape:
            raise ValueError(f"{path} is {found.shape}, its ground truth {expected.shape} (H, W)")
        missing += [] if path.is_file() else [path.name]
        scores.append(FrameScore(one.object_id, idx, *region_and_boundary(expected, found)))
    if len(missing) == len(scores):
        raise ValueError(f"no results: {one.folder} holds none of the {len(scores)} annotated frames")
    (score,) = score_objects(one.video_id, scores, range(len(scores)), PROTOCOL)
    return ExpressionScore(one, score, tuple(missing))


def _drawn(shape: Mapping[str, Any]) -> NDArray[np.bool_]:
    """(H, W) bool of compressed or plain run lengths."""
    height, width = shape["size"]
    runs = coco.frPyObjects(dict(shape), height, width) if isinstance(shape["counts"], list) else shape
    drawn: NDArray[np.bool_] = np.ascontiguousarray(coco.decode(runs), dtype=bool)
    return drawn

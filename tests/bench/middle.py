"""What both ways are worth: one true mask on a middle frame, carried both ways, or one way only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import torch

from schemas.frames import Frame
from schemas.iou import iou
from schemas.object_masks import ObjectMask
from stages.backends.propagators import load_propagator
from stages.propagate.bidirectional import Task, propagate
from tests.bench.pages import table

WAYS = ("both ways", "forward only", "forward only, reversed", "forward from the first frame")


def measure(davis: Path) -> dict[str, Any]:
    """Mean J of a sequence by way, over all frames but the one that carries the mask; a frame without a mask has 0."""
    torch.set_num_threads(1)
    propagator = load_propagator("embedded", "cpu")
    return {
        folder.name: of_sequence(davis, folder.name, propagator)
        for folder in sorted((davis / "Annotations/480p").iterdir())
    }


def of_sequence(davis: Path, name: str, propagator: Any, n_frames: int | None = None) -> dict[str, float]:
    """Mean J by way; ``n_frames`` takes only the first so many."""
    files = sorted((davis / "Annotations/480p" / name).glob("*.png"))[:n_frames]
    images = [
        cv2.imread(str(davis / "JPEGImages/480p" / name / f"{file.stem}.jpg"))[..., ::-1].copy() for file in files
    ]
    truths = [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) > 127 for file in files]
    middle = len(files) // 2
    before, after = slice(None, middle + 1), slice(middle, None)
    both = _overlaps(propagator, images, truths, middle)
    ahead = _overlaps(propagator, images[after], truths[after], 0)
    back = _overlaps(propagator, images[before][::-1], truths[before][::-1], 0)
    first = _overlaps(propagator, images, truths, 0)
    n_others = len(files) - 1
    return dict(zip(WAYS, (sum(found) / n_others for found in (both, ahead, back, first)), strict=True))


def _overlaps(propagator: Any, images: Sequence[Any], truths: Sequence[Any], anchored: int) -> list[float]:
    """J of every frame but the anchored one."""
    with TemporaryDirectory() as temporary:
        seed = ObjectMask("v", "it", anchored, truths[anchored], "human", "", 1.0).row()
        task = Task("v", {anchored: [seed]}, {}, propagator, Path(temporary, "spool"))
        tracked = propagate((Frame(idx, 0.0, image) for idx, image in enumerate(images)), task)
        found = {row.frame_idx: row.mask for row in tracked}
    nothing = np.zeros_like(truths[0])
    return [iou(truth, found.get(idx, nothing)) for idx, truth in enumerate(truths) if idx != anchored]


def page(results: dict[str, Any]) -> str:
    """A row a sequence."""
    rows = [[name, *(ways[way] for way in WAYS)] for name, ways in results.items()]
    rows.append(["**mean**", *(float(np.mean([ways[way] for ways in results.values()])) for way in WAYS)])
    head = "## Both ways: a true mask on the middle frame, mean J of all other frames (0 where nothing was carried)\n\n"
    return head + table(["sequence", *WAYS], rows)

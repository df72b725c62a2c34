"""Our DAVIS layout as davis2017-evaluation reads it.

That evaluator is not on PyPI, so its rules of reading are written down here: frames are the sorted PNGs of a sequence's
ground truth, without the first and the last one; a result is ``SEQUENCE/FRAME.png``, whose values are objects up to the
largest one; 255 in the ground truth is void; more objects than the first true mask shows are refused. Scores are
averaged over frames, then over objects, with boundaries compared as in its ``f_measure``.

Source: https://github.com/davisvideochallenge/davis2017-evaluation
"""

from __future__ import annotations

import json
import math

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.commands.evaluate import evaluate
from pipeline.commands.export import ExportFormat, export
from pipeline.runs.folder import RunFolder

_TOLERANCE = 0.008
"""Of the picture's diagonal."""


def labels_of(folder, names):
    return np.stack([np.array(Image.open(folder / f"{name}.png")) for name in names])


def by_object(labels, n_objects):
    return [labels == number for number in range(1, n_objects + 1)]


def boundary(mask):
    """Pixels that differ from their neighbour to the right, below or to the lower right."""
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    here = padded[:-1, :-1]
    return (here != padded[:-1, 1:]) | (here != padded[1:, :-1]) | (here != padded[1:, 1:])


def overlap(result, truth, void):
    union = ((result | truth) & ~void).sum()
    return 1.0 if union == 0 else float((result & truth & ~void).sum() / union)


def contour(result, truth, void):
    edges = [boundary(mask & ~void) for mask in (result, truth)]
    radius = math.ceil(_TOLERANCE * math.hypot(*truth.shape))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (x**2 + y**2 <= radius**2).astype(np.uint8)
    near = [cv2.dilate(edge.astype(np.uint8), disk) > 0 for edge in edges]
    if not edges[0].any() or not edges[1].any():
        return float(edges[0].any() == edges[1].any())
    precision, recall = (edges[i][near[1 - i]].sum() / edges[i].sum() for i in (0, 1))
    return 0.0 if precision + recall == 0 else float(2 * precision * recall / (precision + recall))


def scores(truth, results):
    """(J, F) of every object of one sequence; both folders hold its PNGs."""
    names = sorted(file.stem for file in truth.glob("*.png"))
    own = labels_of(truth, names)
    n_objects = int(np.where(own[0] == 255, 0, own[0]).max())
    own, names = own[1:-1], names[1:-1]
    found = labels_of(results, names)
    assert found.max() <= n_objects, "an index is higher than the number of objects"
    void = own == 255
    pairs = zip(by_object(found, n_objects), by_object(own, n_objects), strict=True)
    return [
        tuple(np.mean([measure(*frame) for frame in zip(a, b, void, strict=True)]) for measure in (overlap, contour))
        for a, b in pairs
    ]


@pytest.mark.parametrize("void_px", [0, 9])
def test_the_evaluator_reads_our_layout_and_finds_the_scores_that_we_find(finished_run, tmp_path, void_px):
    truth = tmp_path / "truth/a"
    for file in truth.glob("*.png") if void_px else ():
        image = Image.open(file)
        labels = np.array(image)
        labels[: 20 + void_px, : 10 + void_px] = 255
        again = Image.fromarray(labels)
        again.putpalette(image.getpalette())
        again.save(file)
    export(RunFolder(finished_run), ExportFormat.DAVIS, tmp_path / "out")
    evaluate(RunFolder(finished_run), tmp_path / "truth", tmp_path / "scores.json")
    ours = {one["object_id"]: one for one in json.loads((tmp_path / "scores.json").read_text())["objects"]}
    theirs = dict(zip(("1", "2"), scores(truth, tmp_path / "out/Annotations/a"), strict=True))
    assert {object_id: (one["J"], one["F"]) for object_id, one in ours.items()} == {
        object_id: pytest.approx(one, abs=0.001) for object_id, one in theirs.items()
    }
    assert 0.3 < theirs["2"][0] < 0.9, "an object that is neither right nor lost"

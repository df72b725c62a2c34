import json

import numpy as np
import pytest
from PIL import Image

from schemas import tables


@pytest.fixture
def crowd(tmp_path):
    """Clicks on four objects of one video that lie apart."""
    points = [("square", 36, 46), ("ground", 110, 80), ("sky", 100, 8), ("left", 6, 60)]
    rows = [{"object_id": name, "x": x, "y": y, "label": 1} for name, x, y in points]
    clicks = tmp_path / "crowd.json"
    clicks.write_text(json.dumps({"a": {"frame": 5, "points": rows}}))
    return clicks


def masks_of(pointvos, corpus, hints, run, fast, most, n_workers=2):
    config = run.with_suffix(".yaml")
    config.write_text(f"models: {{objects_a_pass: {most}}}\n")
    options = ("--localizations", hints, "--run", run, "--config", config, "--workers", n_workers)
    answer = pointvos("annotate", corpus / "a.mp4", *options, *fast)
    assert answer.returncode == 0, answer.stderr
    rows = tables.MASKS.records(tables.MASKS.read(run))
    return {(row.object_id, row.frame_idx): row.decode() for row in rows}


def contents(run):
    return {str(f.relative_to(run)): f.read_bytes() for f in [*run.rglob("*.parquet"), *run.rglob("*.jpg")]}


def test_objects_carried_in_several_batches_are_those_carried_at_once(pointvos, corpus, crowd, fast, tmp_path):
    at_once = masks_of(pointvos, corpus, crowd, tmp_path / "once", fast, 0)
    in_batches = masks_of(pointvos, corpus, crowd, tmp_path / "batches", fast, 2)
    assert len({object_id for object_id, _ in at_once}) == 4
    assert at_once.keys() == in_batches.keys()
    for key, mask in at_once.items():
        assert (mask & in_batches[key]).sum() > 0.98 * (mask | in_batches[key]).sum()


def test_objects_that_exclude_each_other_do_so_across_batches(pointvos, corpus, fast, tmp_path):
    labels = np.zeros((96, 128), dtype=np.uint8)
    labels[30:62, 20:36], labels[30:62, 36:52], labels[70:90, 20:60] = 1, 2, 3
    (tmp_path / "hints" / "a").mkdir(parents=True)
    image = Image.fromarray(labels)
    image.putpalette(bytes(range(256)) * 3)
    image.save(tmp_path / "hints" / "a" / "00000.png")
    masks = masks_of(pointvos, corpus, tmp_path / "hints", tmp_path / "run", fast, 1)
    assert len({object_id for object_id, _ in masks}) == 3
    for frame_idx in range(12):
        together = [mask for (_, idx), mask in masks.items() if idx == frame_idx]
        assert np.sum(together, axis=0).max() == 1
    masks_of(pointvos, corpus, tmp_path / "hints", tmp_path / "alone", fast, 1, n_workers=1)
    assert contents(tmp_path / "alone") == contents(tmp_path / "run")

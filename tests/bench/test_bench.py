"""The benchmarks run, in settings so small that their figures mean nothing."""

import json
import subprocess
import sys
from functools import partial

import cv2
import numpy as np
import pytest
import torch

from stages.train.dataset import JpegFrames
from tests.bench import loader, segmenter_training
from tests.bench.commands import REPOSITORY
from tests.bench.gpu import SIZES, Bench, scene
from tests.bench.ratios import page


def test_twenty_objects_of_a_scene_share_no_pixel():
    image, masks = scene(SIZES["480p"], 20)
    assert image.shape == (480, 854, 3)
    assert (sum(mask.astype(int) for mask in masks.values()) <= 1).all()
    assert {int(mask.sum()) for mask in masks.values()} == {60 * 85}
    assert len({np.flatnonzero(mask)[0] for mask in masks.values()}) == 20


def test_the_gpu_benchmark_measures_both_models(tmp_path):
    out = tmp_path / "gpu.json"
    options = ["--device", "cpu", "--variant", "small", "--sizes", "tiny", "--objects", "2", "--frames", "1"]
    command = [sys.executable, "-m", "tests.bench.gpu", *options, "--out", str(out)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    found = json.loads(out.read_text())
    assert found["device"] == "cpu"
    assert [(row["model"], row["objects"]) for row in found["rows"]] == [("cutie", 2), ("embedded", 2)]
    assert found["rows"][0]["ratio"] == pytest.approx(found["rows"][0]["fps"] / found["rows"][0]["bare_fps"])
    assert all(row["fps"] > 0 for row in found["rows"])


def test_the_gpu_benchmark_begins_nothing_when_its_time_is_up():
    rows = Bench(torch.device("cpu"), "small", n_frames=1, budget_s=-1).measure(["480p"], [1, 20])
    assert [(row["model"], row["objects"], row["skipped"]) for row in rows] == [
        (model, count, "no time was left") for count in (1, 20) for model in ("cutie", "embedded")
    ]


def test_a_ratio_that_misses_its_bound_is_marked():
    text = page({"two workers, of one": {"value": 1.5}, "20 objects, times one": {"value": 2.5}})
    assert "| two workers, of one | 1.500 | >= 1.8 | **no** |" in text
    assert "| 20 objects, times one | 2.500 | <= 3.0 | yes |" in text


def test_the_benchmark_of_the_loader_compares_four_ways_to_the_same_frames(tmp_path):
    for idx in range(30):
        file = tmp_path / "frames" / "v" / f"{idx:05d}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), np.full((480, 854, 3), idx, dtype=np.uint8))
    read = JpegFrames(partial(loader.jpeg_file, tmp_path / "frames"))
    found = loader.compare(loader.dataset_of(tmp_path / "points", {"v": 30}, read, clips_a_video=4), read, rounds=1)
    assert found["n_frames"] == 4 * 3
    assert found["of_bare"] == pytest.approx(found["clips"] / found["bare"])
    assert found["of_kept"] == pytest.approx(found["clips"] / found["kept"])
    assert found["of_decoded"] == pytest.approx(found["clips"] / found["decoded"])
    assert "| jpeg | " in loader.page({"jpeg": found})


def test_the_page_of_a_trained_segmenter_says_what_was_trained_and_the_mean_over_seeds():
    after = [{"dog": {"J, one click": j}} for j in (0.7, 0.8)]
    found = {"pictures": 40, "whole masks": 15, "before": {"dog": {"J, one click": 0.5}}, "after": after}
    text = segmenter_training.page(found)
    assert "seed 0, 1, on 40 frames of the four other DAVIS sequences" in text
    assert "| dog | one click | 0.500 | 0.750 |" in text

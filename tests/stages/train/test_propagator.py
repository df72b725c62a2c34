"""Trainings of a few steps on small generated clips, and what comes of them as a propagator."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from schemas.iou import iou
from schemas.tables import POINTS
from stages.backends.embedded.training.checkpoints import TrainingFiles
from stages.backends.memory_network.weights import read_network
from stages.backends.propagators import load_propagator
from stages.train.dataset import PointVOSDataset
from stages.train.digests import digest_of
from stages.train.losses import huberised, mask_loss, point_loss
from stages.train.propagator import COLUMNS, Sources, shown_points, train
from stages.train.settings import ClipTraining
from tests.stages.train.test_dataset import point

REPOSITORY = Path(__file__).resolve().parents[3]
H, W, SIDE, FRAMES = 64, 96, 22, (0, 4, 8)
SETTINGS = ClipTraining(steps=6, batch=2, height=64, width=96, views=2, between=1, scalar_steps=3, measure_every=2)
CUT_OFF = """
import os, sys
from pathlib import Path
from tests.stages.train.test_propagator import run

def tell(step, *_):
    if step == 5:
        os._exit(9)

run(Path(sys.argv[1]), Path(sys.argv[2]), tell)
"""


def picture(video, idx):
    """A coloured disc that moves over grain, and its mask."""
    grain = np.random.default_rng(video).integers(0, 70, (H // 4, W // 4, 3)).repeat(4, 0).repeat(4, 1)
    image = grain.astype(np.uint8)
    mask = cv2.circle(np.zeros((H, W), np.uint8), (24 + 5 * idx, 22 + video * 4), SIDE // 2, 1, -1).astype(bool)
    image[mask] = [(220, 40, 40), (40, 60, 220), (40, 200, 60), (220, 200, 40)][video]
    return image, mask


def points_of(mask, rng):
    """Eight pixels on the object, then eight off it."""
    both = [np.argwhere(mask == is_on)[:, ::-1] for is_on in (True, False)]
    xy = np.concatenate([rng.permutation(own)[:8] for own in both])
    return xy, np.repeat(np.array([1, 0], dtype=np.int8), 8)


def frame_of(video_id, frame_idx):
    return picture(int(video_id[1:]), frame_idx)[0]


def mask_of(video_id, _object_id, frame_idx):
    return picture(int(video_id[1:]), frame_idx)[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four videos of one object each with 16 points a frame; the last one is held out."""
    root = tmp_path_factory.mktemp("run")
    for video in range(4):
        video_id, rng, rows = f"v{video}", np.random.default_rng(video), []
        for idx in FRAMES:
            split = "val" if video == 3 else "train"
            rows += [
                point(video_id, "a", idx, int(x), int(y), int(label), split)
                for (x, y), label in zip(*points_of(picture(video, idx)[1], rng), strict=True)
            ]
        POINTS.write(root / "points" / f"{video_id}.parquet", rows)
    return root


def sources(folder, settings=SETTINGS):
    def dataset(split, options):
        read_mask = None if settings.supervision == "points" else mask_of
        return PointVOSDataset(folder / "points", frame_of, split, options, read_mask)

    own, held_out = (
        dataset("train", settings.dataset_options()),
        dataset("val", settings.dataset_options(is_held_out=True)),
    )
    return Sources(own, held_out, digest_of(own, held_out))


def run(folder, out, tell=lambda *_: None, settings=SETTINGS):
    torch.set_num_threads(1)
    files = TrainingFiles(out, COLUMNS)
    return train(sources(folder, settings), files, settings, checkpoint_every=2, tell=tell)


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "tracker.pt"
    run(folder, out)
    return out


def test_a_training_that_is_killed_and_continued_ends_with_the_same_bytes(folder, whole, tmp_path):
    command = [sys.executable, "-c", CUT_OFF, str(folder), str(tmp_path / "tracker.pt")]
    assert subprocess.run(command, cwd=REPOSITORY, timeout=300, check=False).returncode == 9
    assert not (tmp_path / "tracker.pt").exists()
    told = []
    run(folder, tmp_path / "tracker.pt", lambda step, _: told.append(step))
    assert told == [5, 6]
    assert (tmp_path / "tracker.pt").read_bytes() == whole.read_bytes()
    assert (tmp_path / "tracker.csv").read_bytes() == whole.with_suffix(".csv").read_bytes()
    assert not (tmp_path / "tracker.checkpoint").exists()


def test_the_log_and_the_file_say_what_was_done(whole):
    rows = list(csv.DictReader(whole.with_suffix(".csv").read_text().splitlines()))
    assert [(int(row["step"]), row["held_out"] != "") for row in rows] == [(n, n % 2 == 0) for n in range(1, 7)]
    _, training = read_network(whole)
    assert (training["supervision"], training["steps_done"], training["seed"], len(training["data"])) == (
        "points", 6, 0, 32,
    )  # fmt: skip


@pytest.mark.filterwarnings("default")  # other people's deprecations
def test_tensorboard_is_written_where_it_is_installed(folder, tmp_path):
    run(folder, tmp_path / "tracker.pt", settings=replace(SETTINGS, steps=2))
    assert list((tmp_path / "tracker.events").glob("events.out.tfevents.*"))


def losses(folder, out, settings):
    seen = []
    run(folder, out, lambda _, loss: seen.append(loss), settings)
    return seen


@pytest.mark.parametrize("supervision", ["points", "pseudo-masks", "masks"])
def test_every_supervision_lowers_its_loss(folder, tmp_path, supervision):
    settings = replace(SETTINGS, steps=40, supervision=supervision)
    learned = losses(folder, tmp_path / "learned.pt", replace(settings, rate=3e-3))
    as_it_began = losses(folder, tmp_path / "same.pt", replace(settings, rate=0.0))
    assert learned[0] == as_it_began[0]  # the same clips in the same order
    assert np.mean(learned[-10:]) < 0.9 * np.mean(as_it_began[-10:])


def test_in_bfloat16_a_larger_network_learns_too(folder, tmp_path):
    settings = replace(SETTINGS, steps=20, precision="bfloat16", capacity=2, rate=3e-3)
    learned = losses(folder, tmp_path / "learned.pt", settings)
    as_it_began = losses(folder, tmp_path / "same.pt", replace(settings, rate=0.0))
    assert np.mean(learned[-5:]) < 0.9 * np.mean(as_it_began[-5:])
    network, training = read_network(tmp_path / "learned.pt")
    assert (network.sizes.key, network.sizes.value, network.sizes.guide) == (128, 64, 24)
    assert (training["precision"], training["capacity"]) == ("bfloat16", 2)
    propagator = load_propagator(f"trained:{tmp_path / 'learned.pt'}", "cpu")
    session, (image, mask) = propagator.open(H, W), picture(1, 0)
    session.start(propagator.encode(image), {"a": mask})
    found = session.step(propagator.encode(picture(1, 1)[0]))["a"]
    assert iou(cv2.resize(found.probability, (W, H)) > 127, picture(1, 1)[1]) > 0.5


def test_the_numbers_learn_before_the_layers_do(folder, tmp_path):
    def values(name, steps, **more):
        run(folder, tmp_path / name, settings=replace(SETTINGS, steps=steps, **more))
        return dict(read_network(tmp_path / name)[0].named_parameters())

    begun, numbers = values("a.pt", 3, rate=0.0), values("b.pt", 3)
    changed = {name for name, value in numbers.items() if not torch.equal(value, begun[name])}
    assert changed == {
        "trust", "edges.contrast", "affinity.sharpness", "affinity.distance", "affinity.widening",
    }  # fmt: skip
    layers = values("c.pt", 6, measure_every=6)
    assert not torch.equal(layers["answer.weight"], begun["answer.weight"])


def test_a_training_ends_early_when_nothing_is_gained(folder, tmp_path):
    told = []
    settings = replace(SETTINGS, steps=40, rate=0.0, patience=2)
    _, score = run(folder, tmp_path / "tracker.pt", lambda step, _: told.append(step), settings)
    assert told[-1] == 6
    assert 0 < score <= 1


def test_a_checkpoint_of_another_training_is_refused(folder, tmp_path):
    class Stopped(Exception):
        pass

    def stop(step, _):
        if step == 3:
            raise Stopped

    with pytest.raises(Stopped):
        run(folder, tmp_path / "tracker.pt", stop)
    with pytest.raises(ValueError, match=r"tracker.checkpoint is of a training with other settings"):
        run(folder, tmp_path / "tracker.pt", settings=replace(SETTINGS, seed=1))
    other = replace(sources(folder), digest="0")
    with pytest.raises(ValueError, match=r"of a training with other points; use the same ones"):
        train(other, TrainingFiles(tmp_path / "tracker.pt", COLUMNS), SETTINGS)


def test_masks_and_points_change_the_digest(folder):
    assert sources(folder).digest != sources(folder, replace(SETTINGS, supervision="masks")).digest


def test_a_trained_propagator_starts_from_points_and_from_masks(whole):
    propagator = load_propagator(f"trained:{whole}", "cpu")
    encodings = [propagator.encode(picture(1, idx)[0]) for idx in range(3)]
    mask = picture(1, 0)[1]
    xy, labels = points_of(mask, np.random.default_rng(5))
    session = propagator.open(H, W)
    first = session.start_from_points(encodings[0], {"a": (xy, labels)})
    assert iou(cv2.resize(first["a"].probability, (W, H)) > 127, mask) > 0.5
    for idx in (1, 2):
        found = session.step(encodings[idx])["a"]
        assert iou(cv2.resize(found.probability, (W, H)) > 127, picture(1, idx)[1]) > 0.5
    with pytest.raises(ValueError, match="object 'b' has no point on it"):
        session.start_from_points(encodings[2], {"b": (xy[8:], labels[8:])})


def test_of_the_first_frames_points_every_object_shows_one_on_it():
    labels = torch.tensor([[[0, 1, 0, 1], [0, 0, 0, -1]]] * 50)
    shown = shown_points(labels, np.random.default_rng(0))
    assert bool((shown & (labels == 1)).any(dim=2)[:, 0].all())
    assert 0.3 < shown[:, 0].float().mean() < 0.9


def test_the_point_loss_counts_both_sides_alike_and_reads_between_pixels():
    probability = torch.full((1, 1, 4, 4), 0.5)
    probability[0, 0, :, :2] = 0.9
    both = torch.cat([1 - probability, probability], dim=1).log()
    xy = torch.tensor([[[[0.0, 0.0], [1.0, 3.0], [3.0, 0.0], [1.5, 1.0]]]])
    labels = torch.tensor([[[1, 1, 0, -1]]])
    assert point_loss(both, xy, labels).item() == pytest.approx(-math.log(0.9) - math.log(0.5), rel=1e-5)
    between = (math.log(0.9) + math.log(0.5)) / 2
    labels = torch.tensor([[[-1, -1, -1, 1]]])
    assert point_loss(both, xy, labels).item() == pytest.approx(-between, rel=1e-5)


def test_the_robust_mask_loss_is_linear_below_one_over_tau_and_ignores_what_is_unknown():
    p = torch.tensor([0.5, 0.05])
    assert huberised(p.log()).tolist() == pytest.approx([-math.log(0.5), 1 + math.log(10) - 0.5], rel=1e-5)
    found = torch.tensor([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]).T.reshape(1, 2, 1, 3).log()
    masks = torch.tensor([[[[1, 0, 0]]]], dtype=torch.uint8)
    off = -(math.log(0.5) + math.log(0.9)) / 2
    assert mask_loss(found, masks).item() == pytest.approx(-math.log(0.8) + off, rel=1e-5)
    assert mask_loss(found, 1 - masks, tau=4.0).item() == pytest.approx(
        (-math.log(0.5) + 1 + math.log(4) - 0.4) / 2 + 1 + math.log(4) - 0.8, rel=1e-5
    )
    assert mask_loss(found, torch.full_like(masks, 255)).item() == 0

"""Trainings of a few steps on small generated pictures."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from schemas.prompts import Prompt
from stages.backends.embedded.segmenter.click_network import ClickNetwork
from stages.backends.embedded.segmenter.click_predictor import load_click_network
from stages.backends.embedded.training.batches import Batches
from stages.backends.embedded.training.checkpoints import TrainingFiles
from stages.backends.embedded.training.losses import losses
from stages.backends.embedded.training.pictures import Picture, hold_out, make_picture
from stages.backends.embedded.training.segmenter import TrainingSettings, first_network, train
from stages.backends.propagators import load_propagator
from stages.backends.segmenters import load_segmenter

REPOSITORY = Path(__file__).resolve().parents[5]
SETTINGS = TrainingSettings(6, 2, 64, 2e-3, 3, "nothing", 1)
CUT_OFF = """
import os, sys
from pathlib import Path
from tests.stages.backends.embedded.training.test_segmenter import few, run

def tell(step, *_):
    if step == int(sys.argv[2]):
        os._exit(9)

run(few(), Path(sys.argv[1]), tell)
"""


def blob(number: int, points: bool = False) -> Picture:
    """A bright ellipse and a dark one on noise; verified points say less than the mask, which is wrong."""
    rng = np.random.default_rng(number)
    image = rng.integers(60, 120, (90, 120, 3), dtype=np.uint8)
    masks = []
    for colour in ((230, 40, 40), (20, 20, 120)):
        mask = np.zeros((90, 120), dtype=np.uint8)
        centre = (int(rng.integers(30, 90)), int(rng.integers(25, 65)))
        cv2.ellipse(mask, centre, (int(rng.integers(10, 24)), int(rng.integers(9, 20))), 0, 0, 360, 1, -1)
        image[mask > 0] = colour
        masks.append(mask > 0)
    masks[0] &= ~masks[1]
    known = [np.zeros((0, 3), dtype=np.int64)] * 2
    if points:
        y, x = np.nonzero(masks[1])
        known = [known[0], np.array([(x[0], y[0], 1), (x[-1], y[-1], 1), (2, 2, 0), (117, 87, 0)])]
        masks[1] = masks[1] & (np.arange(120) < x.mean())
    picture = make_picture(str(number), "blobs", image, masks, known)
    assert picture is not None
    return picture


def few(n: int = 8, points: bool = True) -> list[Picture]:
    pictures = [blob(number, points and number % 4 == 0) for number in range(n)]
    return hold_out(pictures, [picture.key for picture in pictures])


def run(pictures, out: Path, tell=lambda *_: None, settings=SETTINGS):
    torch.set_num_threads(1)
    network = first_network("nothing", settings.seed, "cpu")
    return train(pictures, network, TrainingFiles(out), settings, checkpoint_every=2, tell=tell)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "own.pt"
    run(few(), out)
    return out


def test_a_training_lowers_its_loss_and_measures_held_out_pictures_before_and_after(tmp_path):
    seen: list[float] = []
    settings = TrainingSettings(24, 3, 64, 3e-3, 0, "nothing", 1)
    before, after = run(few(12, points=False), tmp_path / "own.pt", lambda _, loss, __: seen.append(loss), settings)
    assert np.mean(seen[-8:]) < 0.9 * np.mean(seen[:4])
    assert before.keys() == {"J, one click", "J, three clicks", "J, trace", "J, box"}
    assert after.keys() == before.keys()


@pytest.mark.parametrize("last", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_a_training_that_is_killed_and_continued_ends_with_the_same_bytes(whole, tmp_path, last):
    command = [sys.executable, "-c", CUT_OFF, str(tmp_path / "own.pt"), str(last)]
    assert subprocess.run(command, cwd=REPOSITORY, timeout=300, check=False).returncode == 9
    assert not (tmp_path / "own.pt").exists()
    assert (tmp_path / "own.checkpoint").exists() == (last > 2)
    told: list[int] = []
    run(few(), tmp_path / "own.pt", lambda step, *_: told.append(step))
    assert told == list(range(last - (last - 1) % 2, 7))
    assert (tmp_path / "own.pt").read_bytes() == whole.read_bytes()
    assert (tmp_path / "own.csv").read_bytes() == whole.with_suffix(".csv").read_bytes()
    assert not (tmp_path / "own.checkpoint").exists()


def test_the_log_has_a_row_a_step_and_the_rate_goes_up_and_down(whole):
    rows = list(csv.DictReader(whole.with_suffix(".csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    rates = [float(row["rate"]) for row in rows]
    assert rates[1] == max(rates) > 10 * rates[0]
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert all(float(row["loss"]) > 0 for row in rows)


def test_the_threads_that_prepare_pictures_and_the_step_that_begins_change_no_batch():
    batches = Batches(few(), 3, 64, 7)
    one, other = list(batches.make(0, 4, workers=1)), list(batches.make(2, 4, workers=3))
    for left, right in zip(one[2:], other, strict=True):
        assert torch.equal(left.pictures(), right.pictures())
        assert all(np.array_equal(a, b) for a, b in zip(left.maps, right.maps, strict=True))
        assert all(torch.equal(a, b) for a, b in zip(left.truth(), right.truth(), strict=True))


def test_a_training_of_the_decoder_leaves_the_encoder_as_it_is(tmp_path):
    settings = replace(SETTINGS, steps=2, decoder_only=True)
    run(few(), tmp_path / "own.pt", settings=settings)
    begun, ended = first_network("nothing", 3, "cpu").state_dict(), load_click_network(tmp_path / "own.pt").state_dict()
    changed = {name.partition(".")[0] for name in begun if not torch.equal(begun[name].half(), ended[name].half())}
    assert changed == {"decoder"}


def test_another_seed_gives_another_result(whole, tmp_path):
    run(few(), tmp_path / "own.pt", settings=TrainingSettings(6, 2, 64, 2e-3, 4, "nothing", 1))
    assert (tmp_path / "own.pt").read_bytes() != whole.read_bytes()


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    class Stopped(Exception):
        pass

    def stop(step, *_):
        if step == 3:
            raise Stopped

    with pytest.raises(Stopped):
        run(few(), tmp_path / "own.pt", stop)
    with pytest.raises(ValueError, match=r"own.checkpoint is of a training with other pictures; use the same ones to"):
        run(few(7), tmp_path / "own.pt")
    with pytest.raises(ValueError, match="other settings"):
        run(few(), tmp_path / "own.pt", settings=TrainingSettings(7, 2, 64, 2e-3, 3, "nothing", 1))
    (tmp_path / "own.checkpoint").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"cannot be read .*; remove it to start over"):
        run(few(), tmp_path / "own.pt")


def test_the_result_is_a_segmenter_by_its_file(whole):
    segmenter, propagator = load_segmenter(f"trained:{whole}", "cpu"), load_propagator(f"trained:{whole}", "cpu")
    assert segmenter.name == propagator.name == f"trained:{whole}"
    picture = blob(50)
    click = np.array([[60.0, 45.0]])
    (found,) = segmenter.segment(picture.image(), [Prompt("1", "clicks", click, np.ones(1, dtype=np.int8), click)])
    assert found.mask.shape == (90, 120)


def test_of_points_only_the_points_are_learned():
    torch.manual_seed(0)
    network = ClickNetwork().eval()
    answer = network(torch.zeros(1, 3, 64, 64), torch.zeros(1, 6, 64, 64))
    known, truth = torch.zeros(1, 64, 64), torch.zeros(1, 64, 64)
    known[0, 10, 20] = known[0, 40, 50] = truth[0, 10, 20] = 1
    wrong = truth.clone()
    wrong[0, 30:, :20] = 1
    has_mask = torch.tensor([False])
    loss, _ = losses(answer, truth, known, has_mask)
    assert loss == losses(answer, wrong, known, has_mask)[0]
    logits = answer.logits[0, 0]
    expected = (-torch.nn.functional.logsigmoid(logits[10, 20]) - torch.nn.functional.logsigmoid(-logits[40, 50])) / 2
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert loss != losses(answer, truth, torch.ones(1, 64, 64), torch.tensor([True]))[0]


def test_without_pictures_to_train_on_nothing_begins(tmp_path):
    with pytest.raises(ValueError, match="there is no picture to train on"):
        run([], tmp_path / "own.pt")

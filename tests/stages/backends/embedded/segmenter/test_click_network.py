import numpy as np
import pytest
import torch

from schemas.prompts import Prompt
from stages.backends.embedded.segmenter import click_predictor
from stages.backends.embedded.segmenter.click_network import ClickNetwork, for_inference
from stages.backends.embedded.segmenter.click_predictor import ClickPredictor, load_click_network, load_click_predictor
from stages.backends.weights import WeightsError

CPU = torch.device("cpu")


def one_click(x, y):
    point = np.array([[x, y]], np.float32)
    return Prompt("o", "clicks", point, np.array([1], np.int8), point)


@pytest.fixture(scope="module")
def network():
    return load_click_network()


def test_the_frozen_copy_computes_what_the_network_does(network):
    torch.manual_seed(0)
    pictures, maps = torch.randn(2, 3, 64, 96), torch.rand(2, 6, 64, 96)
    with torch.inference_mode():
        plain, folded = (one(pictures, maps) for one in (network, for_inference(network, CPU, torch.float32)))
    assert plain.logits.shape == (2, 1, 64, 96)
    assert plain.coarse_logits.shape == (2, 1, 8, 12)
    torch.testing.assert_close(folded.logits, plain.logits, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(folded.quality, plain.quality, rtol=1e-3, atol=1e-3)


def test_bfloat16_answers_nearly_the_same(network):
    image = np.zeros((96, 128, 3), np.uint8)
    image[30:70, 40:90] = (220, 60, 30)
    exact, short = (
        ClickPredictor(for_inference(network, CPU, kind)).answer(image, one_click(60, 50))
        for kind in (torch.float32, torch.bfloat16)
    )
    assert ((exact.probability > 0.5) != (short.probability > 0.5)).mean() < 0.005
    assert short.quality == pytest.approx(exact.quality, abs=0.03)


def test_gradients_of_the_mask_reach_every_part_but_the_judge():
    trained = ClickNetwork().train()
    answer = trained(torch.randn(2, 3, 64, 64), torch.rand(2, 6, 64, 64))
    (answer.logits.mean() + answer.coarse_logits.mean()).backward()
    without = {name for name, parameter in trained.named_parameters() if parameter.grad is None}
    assert without == {name for name, _ in trained.named_parameters() if name.startswith("decoder.judge")}


def test_it_is_loaded_once_a_process():
    assert load_click_predictor("cpu") is load_click_predictor("cpu")


def test_a_damaged_file_is_refused(monkeypatch, tmp_path):
    damaged = tmp_path / "click_network.pt"
    damaged.write_bytes(click_predictor.WEIGHTS.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(click_predictor, "WEIGHTS", damaged)
    with pytest.raises(WeightsError, match="install pointvos again"):
        load_click_network(damaged)


def test_more_clicks_and_the_last_answer_correct_a_mask():
    image = np.full((120, 240, 3), 40, np.uint8)
    image[40:80, 40:100] = image[40:80, 140:200] = (210, 40, 40)
    predictor = load_click_predictor("cpu")
    first = predictor.answer(image, one_click(70, 60))
    points = np.array([[70, 60], [170, 60]], np.float32)
    both = Prompt("o", "clicks", points, np.array([1, 1], np.int8), points)
    second = predictor.answer(image, both, first.probability)
    assert (first.probability[60, 70] > 0.5, first.probability[60, 170] > 0.5) == (True, False)
    assert (second.probability[60, 70] > 0.5, second.probability[60, 170] > 0.5) == (True, True)

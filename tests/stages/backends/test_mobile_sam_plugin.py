"""The example of docs/models.md: MobileSAM through its package's registry, here with a tiny network of that shape."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from schemas.prompts import Prompt
from stages.backends.weights import WeightsError
from tests.stages.backends.sam.tiny_sam import tiny_sam

EXAMPLE = Path(__file__).parents[2] / "data" / "plugin_mobile_sam" / "pointvos_mobile_sam.py"


@pytest.fixture
def load_mobile_sam(monkeypatch):
    package = ModuleType("mobile_sam")
    package.sam_model_registry = {"vit_t": tiny_sam}
    monkeypatch.setitem(sys.modules, "mobile_sam", package)
    spec = importlib.util.spec_from_file_location("pointvos_mobile_sam", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return example.load_mobile_sam


def test_the_documented_example_loads_its_weights_and_answers_prompts(load_mobile_sam, tmp_path, monkeypatch):
    torch.save(tiny_sam().state_dict(), tmp_path / "mobile_sam.pt")
    monkeypatch.setenv("MOBILE_SAM_WEIGHTS", str(tmp_path / "mobile_sam.pt"))
    segmenter = load_mobile_sam("cpu")
    assert segmenter.name == "mobile_sam"
    xy = np.array([[20, 15]], np.float32)
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    (answer,) = segmenter.segment(image, [Prompt("o", "clicks", xy, np.ones(1, np.int8), xy)])
    assert answer.mask.shape == (40, 60)


def test_weights_of_something_else_are_refused(load_mobile_sam, tmp_path, monkeypatch):
    torch.save({"other": torch.zeros(2)}, tmp_path / "mobile_sam.pt")
    monkeypatch.setenv("MOBILE_SAM_WEIGHTS", str(tmp_path / "mobile_sam.pt"))
    with pytest.raises(WeightsError, match="does not fit mobile_sam"):
        load_mobile_sam("cpu")

"""Zero-shot detectors: tiny networks of the true architectures, with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from schemas.localizations import Box, Expression
from stages.localize.backends.base import LocalizerError, Located, NotLocated
from stages.localize.backends.detectors import DetectorLocalizer, best_box, load_detector
from stages.localize.backends.registry import load_localizer, require_localizer

transformers = pytest.importorskip("transformers", reason="needs pip install 'pointvos[text]'")
pytestmark = pytest.mark.filterwarnings("default")  # other people's deprecations

ASKED = [Expression(("a dog", "the black swan")), Expression(("a goose",))]


def save_grounding_dino(folder: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "a", "the", "dog", "black", "swan", "goose"]
    (folder / "vocab.txt").write_text("\n".join(words))
    text = transformers.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64,
    )  # fmt: skip
    vision = transformers.SwinConfig(
        image_size=64, embed_dim=8, depths=[1] * 4, num_heads=[1] * 4, window_size=4,
        out_features=["stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = transformers.GroundingDinoConfig(
        backbone_config=vision, text_config=text, d_model=32, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, encoder_attention_heads=2, decoder_attention_heads=2, num_queries=12, max_text_len=32,
    )  # fmt: skip
    transformers.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    images = transformers.GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"))
    transformers.GroundingDinoProcessor(images, tokenizer).save_pretrained(folder)


def save_owlv2(folder: Path) -> None:
    letters = list("!.abcdeghklnostw")
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    n = len(vocabulary)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ids = {"bos_token_id": n - 2, "eos_token_id": n - 1, "pad_token_id": 0}
    config = transformers.Owlv2Config(
        text_config={**small, **ids, "vocab_size": n, "max_position_embeddings": 16},
        vision_config={**small, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    transformers.Owlv2ForObjectDetection(config).save_pretrained(folder)
    images = transformers.Owlv2ImageProcessor(size={"height": 32, "width": 32})
    names = (str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer = transformers.CLIPTokenizer(*names, pad_token="!", model_max_length=16)
    transformers.Owlv2Processor(images, tokenizer).save_pretrained(folder)


@pytest.fixture(scope="module", params=["grounding_dino", "owlv2"])
def saved(request, tmp_path_factory) -> tuple[str, Path]:
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp(request.param)
    {"grounding_dino": save_grounding_dino, "owlv2": save_owlv2}[request.param](folder)
    return request.param, folder


@pytest.fixture(scope="module")
def detector(saved) -> DetectorLocalizer:
    name, folder = saved
    require_localizer(f"{name}:{folder}")
    return load_localizer(f"{name}:{folder}", "cpu")


IMAGE = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)


def test_every_expression_gets_an_answer_and_boxes_lie_in_the_image(detector):
    answers = detector.locate(IMAGE, ASKED)
    assert len(answers) == len(ASKED)
    for expression, answer in zip(ASKED, answers, strict=True):
        if isinstance(answer, NotLocated):
            assert answer.error == "not_seen"
            continue
        assert answer.what in expression.texts
        assert isinstance(answer.hint, Box)
        x0, y0, x1, y1 = answer.hint.xyxy_px
        assert 0 <= x0 < x1 <= 80
        assert 0 <= y0 < y1 <= 60


def test_an_object_does_not_depend_on_what_else_is_asked(detector):
    together = detector.locate(IMAGE, ASKED)
    alone = [detector.locate(IMAGE, [expression])[0] for expression in ASKED]
    for one, other in zip(together, alone, strict=True):
        assert type(one) is type(other)
        if isinstance(one, Located):
            assert one.score == pytest.approx(other.score, abs=1e-3)
            assert one.hint.xyxy_px == pytest.approx(other.hint.xyxy_px, abs=0.2)


def test_weights_of_another_architecture_are_refused(saved):
    name, folder = saved
    other = "owlv2" if name == "grounding_dino" else "grounding_dino"
    with pytest.raises(LocalizerError, match=f"of the architecture '{name}'"):
        load_detector(other, str(folder))


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(LocalizerError, match="cannot load"):
        load_detector("owlv2", str(tmp_path))


def test_what_is_no_name_of_a_model_is_refused():
    with pytest.raises(LocalizerError, match="neither a folder nor a model's id"):
        require_localizer("owlv2:a b")


def test_the_best_box_is_the_best_that_lies_in_the_image():
    boxes = torch.tensor([[90.0, 5, 99, 9], [-5.0, 5, 20, 70], [1.0, 1, 4, 4]])
    assert best_box(torch.tensor([0.9, 0.5, 0.4]), boxes, 60, 80) == (0.5, Box((0.0, 5.0, 20.0, 60.0)))
    assert best_box(torch.tensor([0.9]), boxes[:1], 60, 80) == (0.0, None)

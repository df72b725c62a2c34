"""Zero-shot detectors: tiny networks of the true architectures, with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou

from schemas.localizations import Box, Expression
from stages.backends.boxes import SAME_IOU, all_boxes, best_box
from stages.backends.detectors import DetectorLocalizer, load_detector
from stages.backends.localizer import LocalizerError, Located, NotLocated
from stages.backends.localizers import load_localizer, require_localizer
from tests.stages.backends.tiny_detectors import save_detector

pytest.importorskip("transformers", reason="needs pip install 'pointvos[video]'")
pytestmark = pytest.mark.filterwarnings("default")  # other people's deprecations

ASKED = [Expression(("a dog", "the black swan")), Expression(("a goose",))]


@pytest.fixture(scope="module", params=["grounding_dino", "owlv2", "sam3_text"])
def saved(request, tmp_path_factory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    save_detector(request.param, folder)
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


def test_all_instances_are_boxes_in_the_image_the_surest_first_and_none_on_another(detector, monkeypatch):
    monkeypatch.setattr(detector, "_least_score", 0.0)
    for expression, instances in zip(ASKED, detector.locate_all(IMAGE, ASKED), strict=True):
        assert instances
        assert [one.score for one in instances] == sorted((one.score for one in instances), reverse=True)
        assert {one.what for one in instances} == {expression.texts[0]}
        boxes = torch.tensor([one.hint.xyxy_px for one in instances])
        assert (box_iou(boxes, boxes).fill_diagonal_(0) <= SAME_IOU + 0.02).all()
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 2:] <= torch.tensor([80, 60])).all()


def test_the_image_is_encoded_once_for_all_words_of_sam3(detector, monkeypatch):
    if detector.name != "sam3_text":
        pytest.skip("the others encode words and image together")
    calls, encode = [], detector._network.get_vision_features
    monkeypatch.setattr(detector._network, "get_vision_features", lambda **given: calls.append(1) or encode(**given))
    detector.locate(IMAGE, [Expression((text,)) for text in ("a dog", "a goose", "the black swan", "a cat")])
    assert len(calls) == 1


def test_weights_of_another_architecture_are_refused(saved):
    name, folder = saved
    other = "owlv2" if name == "grounding_dino" else "grounding_dino"
    architecture = {"grounding_dino": "grounding-dino", "sam3_text": "sam3"}.get(name, name)
    with pytest.raises(LocalizerError, match=f"of the architecture '{architecture}'"):
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


def test_all_boxes_are_those_of_distinct_objects_that_score_enough_and_lie_in_the_image():
    boxes = torch.tensor([[0.0, 0, 10, 10], [1.0, 0, 10, 10], [30.0, 30, 50, 50], [90.0, 5, 99, 9], [60.0, 0, 70, 9]])
    found = all_boxes(torch.tensor([0.6, 0.7, 0.9, 0.8, 0.2]), boxes, 60, 80, 0.5)
    assert [(round(score, 2), box.xyxy_px) for score, box in found] == [
        (0.9, (30.0, 30.0, 50.0, 50.0)), (0.7, (1.0, 0.0, 10.0, 10.0)),
    ]  # fmt: skip

"""The SAM 2 family as segmenters: true classes of transformers with random weights."""

import numpy as np
import pytest
import torch

pytest.importorskip("transformers", reason="needs pip install 'pointvos[video]'")
pytest.importorskip("timm", reason="needs pip install 'pointvos[video]'")

from schemas.prompts import Prompt
from stages.backends.detectors import load_detector
from stages.backends.sam.queries import Query
from stages.backends.sam2.frames import normalized, squared
from stages.backends.sam2.networks import FAMILIES, load_network
from stages.backends.sam2.scene import Sam2Scene
from stages.backends.sam2.segmenter import Sam2Segmenter, load_segmenter
from tests.stages.backends.sam2.tiny_sam2 import NAMES, SIDE, save_tiny, tiny_config, tiny_network
from tests.stages.backends.sam2.tiny_sam2 import WIDTH as HIDDEN
from tests.stages.backends.tiny_detectors import save_detector

pytestmark = pytest.mark.filterwarnings("default")  # other people's deprecations

HEIGHT, WIDTH = 48, 80
IMAGE = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
BOX = np.array([10, 5, 70, 40], np.float32)
GIVEN = np.pad(np.ones((20, 30), bool), ((10, 18), (20, 30)))


@pytest.fixture(scope="module", params=NAMES)
def segmenter(request):
    return Sam2Segmenter(request.param, tiny_network(request.param, "image"))


def query(points=(), labels=(), box=None, logits=None):
    return Query(np.asarray(points, np.float32).reshape(-1, 2), np.asarray(labels, int), box, logits)


def scene_of(segmenter):
    return Sam2Scene(segmenter._network, FAMILIES[segmenter.name], IMAGE)


def reference(segmenter, points, labels, *, multimask, masks=None):
    pixels = normalized(squared(IMAGE, SIDE), FAMILIES[segmenter.name], torch.device("cpu"))
    scaled = torch.tensor(points, dtype=torch.float32) * torch.tensor([SIDE / WIDTH, SIDE / HEIGHT])
    return segmenter._network(
        pixel_values=pixels, input_points=scaled[None, None], input_labels=torch.tensor(labels)[None, None],
        input_masks=masks, multimask_output=multimask,
    )  # fmt: skip


@torch.inference_mode()
def test_a_click_gets_the_best_of_three_masks(segmenter):
    (answer,) = scene_of(segmenter).ask([query([[30, 20]], [1])])
    expected = reference(segmenter, [[30, 20]], [1], multimask=True)
    best = int(expected.iou_scores[0, 0].argmax())
    torch.testing.assert_close(answer.low, expected.pred_masks[0, 0, best], atol=1e-4, rtol=1e-4)
    assert answer.iou == pytest.approx(float(expected.iou_scores[0, 0, best]), abs=1e-5)
    assert answer.mask.shape == (HEIGHT, WIDTH)


@torch.inference_mode()
def test_a_box_with_clicks_and_the_last_mask_get_the_single_mask(segmenter):
    scene = scene_of(segmenter)
    (first,) = scene.ask([query([[30, 20], [75, 45]], [1, 0], BOX)])
    points, labels = [[10, 5], [70, 40], [30, 20], [75, 45]], [2, 3, 1, 0]
    expected = reference(segmenter, points, labels, multimask=False)
    torch.testing.assert_close(first.low, expected.pred_masks[0, 0, 0], atol=1e-4, rtol=1e-4)
    (second,) = scene.ask([query([[30, 20], [75, 45]], [1, 0], BOX, first.low)])
    again = reference(segmenter, points, labels, multimask=False, masks=first.low[None, None])
    torch.testing.assert_close(second.low, again.pred_masks[0, 0, 0], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_prompts_of_every_kind_are_answered_together_as_each_alone(segmenter):
    scene = scene_of(segmenter)
    queries = [
        query([[30, 20]], [1]),
        query([[30, 20], [5, 5], [40, 30]], [1, 0, 1]),
        query(box=BOX),
        query([[30, 20]], [1], BOX),
        query(logits=scene.logits_of(GIVEN)),
        query(box=BOX, logits=scene.logits_of(GIVEN)),
        query([[60, 30]], [1]),
    ]
    for one, together in zip(queries, scene.ask(queries), strict=True):
        (alone,) = scene.ask([one])
        torch.testing.assert_close(together.low, alone.low, atol=1e-4, rtol=1e-4)
        assert together.iou == pytest.approx(alone.iou, abs=1e-5)


@torch.inference_mode()
def test_a_mask_becomes_logits_of_its_cells(segmenter):
    half = np.zeros((HEIGHT, WIDTH), bool)
    half[:, 40:] = True
    logits = scene_of(segmenter).logits_of(half)
    assert logits.shape == (SIDE // 4, SIDE // 4)
    assert (logits[:, :7] == -10).all()
    assert (logits[:, 9:] == 10).all()


def test_twenty_prompts_embed_the_image_once(segmenter, monkeypatch):
    calls, embed = [], segmenter._network.get_image_embeddings
    monkeypatch.setattr(segmenter._network, "get_image_embeddings", lambda pixels: calls.append(1) or embed(pixels))
    nothing = np.zeros((0, 2), np.float32)
    prompts = [
        Prompt(str(i), "clicks", np.array([[4 * i, 20]], np.float32), np.ones(1, np.int8), nothing) for i in range(20)
    ]
    first, second = segmenter.segment(IMAGE, prompts), segmenter.segment(IMAGE, prompts)
    assert len(calls) == 2
    assert [s.mask.shape for s in first] == [(HEIGHT, WIDTH)] * 20
    assert all(0 <= s.quality <= 1 for s in first)
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(first, second, strict=True))


def save_sam3(folder):
    """Write a folder as facebook/sam3 is one: detector and tracker, which see through one encoder."""
    import transformers

    save_detector("sam3_text", folder)
    detector = transformers.Sam3Config.from_pretrained(folder)
    detector.vision_config.fpn_hidden_size = HIDDEN
    parts = ("geometry_encoder_config", "detr_encoder_config", "detr_decoder_config", "mask_decoder_config")
    for part in parts:
        getattr(detector, part).hidden_size = HIDDEN
    both = transformers.Sam3VideoConfig(detector_config=detector, tracker_config=tiny_config("sam3_tracker", "video"))
    torch.manual_seed(1)
    network = transformers.Sam3VideoModel(both)
    network.save_pretrained(folder)
    return network.state_dict()


def test_all_three_models_of_sam3_come_from_the_one_repository(tmp_path):
    saved = save_sam3(tmp_path)
    for kind in ("image", "video"):
        state = load_network("sam3_tracker", kind, tmp_path).state_dict()
        for key, value in state.items():
            names = (
                f"tracker_model.{key}",
                key.replace("vision_encoder.neck", "tracker_neck"),
                f"detector_model.{key}",
            )
            assert any(name in saved and torch.equal(value, saved[name]) for name in names), key
    detector = load_detector("sam3_text", str(tmp_path), "cpu")
    for key, value in detector._network.state_dict().items():
        assert torch.equal(value, saved[f"detector_model.{key}"])


def test_a_segmenter_comes_from_the_folder_of_its_network_for_videos(tmp_path):
    save_tiny("edgetam", "video", tmp_path)
    state = load_segmenter("edgetam", "cpu", tmp_path)._network.state_dict()
    expected = tiny_network("edgetam", "video").state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in state.items())

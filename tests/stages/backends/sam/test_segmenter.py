import numpy as np
import pytest
import torch
from segment_anything import SamPredictor, sam_model_registry

from schemas.prompts import Prompt
from stages.backends.sam import refinement
from stages.backends.sam.queries import Answer, Query
from stages.backends.sam.scene import SamScene
from stages.backends.sam.segmenter import SamSegmenter, load_sam
from stages.backends.weights import WeightsError
from tests.stages.backends.sam.tiny_sam import tiny_sam

IMAGE = np.random.default_rng(1).integers(0, 255, (60, 90, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    return tiny_sam()


def prompt(points=(), labels=None, *, box=None, mask=None, fence=None):
    xy = np.asarray(points, dtype=np.float32).reshape(-1, 2)
    marks = np.ones(len(xy), dtype=np.int8) if labels is None else np.asarray(labels, dtype=np.int8)
    boxes = [None if b is None else np.asarray(b, dtype=np.float32) for b in (box, fence)]
    return Prompt("1", "clicks", xy, marks, xy[marks == 1], boxes[0], boxes[1], mask)


def scene_of(model):
    return SamScene(model, IMAGE, None)


def reference(model, **arguments):
    predictor = SamPredictor(model)
    predictor.set_image(IMAGE)
    return predictor.predict(return_logits=True, **arguments)


@torch.inference_mode()
def test_a_single_click_gets_the_best_of_three_masks(model):
    (answer,) = scene_of(model).ask([Query(np.array([[30, 20]], np.float32), np.array([1]))])
    logits, ious, low = reference(model, point_coords=np.array([[30, 20]]), point_labels=np.array([1]))
    best = ious.argmax()
    assert answer.iou == pytest.approx(float(ious[best]), abs=1e-5)
    np.testing.assert_allclose(answer.logits.numpy(), logits[best], atol=1e-4)
    np.testing.assert_allclose(answer.low.numpy(), low[best], atol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("box", [None, [10, 5, 70, 50]])
def test_several_prompts_get_the_single_mask(model, box):
    points, labels = np.array([[30, 20], [80, 50]], np.float32), np.array([1, 0])
    (answer,) = scene_of(model).ask([Query(points, labels, None if box is None else np.array(box, np.float32))])
    logits, ious, _ = reference(
        model, point_coords=points, point_labels=labels, box=None if box is None else np.array(box),
        multimask_output=False,
    )  # fmt: skip
    assert answer.iou == pytest.approx(float(ious[0]), abs=1e-5)
    np.testing.assert_allclose(answer.logits.numpy(), logits[0], atol=1e-4)


@torch.inference_mode()
def test_a_box_alone_and_a_mask_are_answered_as_the_reference_does(model):
    scene = scene_of(model)
    nothing = (np.zeros((0, 2), np.float32), np.zeros(0))
    box = np.array([10, 5, 70, 50], np.float32)
    (first,) = scene.ask([Query(*nothing, box)])
    (second,) = scene.ask([Query(*nothing, box, first.low)])
    _, ious, low = reference(model, box=box, multimask_output=False)
    logits, again, _ = reference(model, box=box, mask_input=low, multimask_output=False)
    assert (first.iou, second.iou) == pytest.approx((float(ious[0]), float(again[0])), abs=1e-5)
    np.testing.assert_allclose(second.logits.numpy(), logits[0], atol=1e-4)


@torch.inference_mode()
def test_prompts_of_every_kind_share_a_batch_without_touching_each_other(model):
    scene = scene_of(model)
    given = np.zeros(IMAGE.shape[:2], bool)
    given[10:30, 20:50] = True
    box = np.array([10, 5, 70, 50], np.float32)
    points = np.array([[30, 20], [80, 50]], np.float32)
    queries = [
        Query(points, np.array([1, 0]), box),
        Query(points[:1], np.array([1])),
        Query(points, np.array([1, 0]), box, scene.logits_of(given)),
    ]
    together = scene.ask(queries)
    np.testing.assert_allclose(together[0].low, scene.ask(queries[:1])[0].low, atol=1e-4)
    np.testing.assert_allclose(together[2].low, scene.ask(queries[2:])[0].low, atol=1e-4)
    padded = Query(np.vstack([points[:1], np.zeros((2, 2), np.float32)]), np.array([1, -1, -1]))
    sparse, _ = scene._encode(queries)
    alone, _ = scene._encode([padded])
    np.testing.assert_allclose(sparse[1], alone[0], atol=1e-6)


@torch.inference_mode()
def test_a_mask_becomes_logits_on_the_padded_square(model):
    given = np.zeros((60, 90), bool)
    given[:, 45:] = True
    logits = scene_of(model).logits_of(given)
    assert logits.shape == (32, 32)
    assert logits.max() == 10.0
    assert (logits[22:] == -10.0).all(), "below the image there is only padding"
    assert (logits[:20, :15] == -10.0).all()
    assert (logits[:20, 17:] == 10.0).all()


def test_the_image_is_embedded_once_for_all_prompts_and_passes(model):
    before = model.image_encoder.calls
    prompts = [prompt([[x, 20]]) for x in range(5, 85, 4)]
    answers = SamSegmenter("sam_vit_b", model).segment(IMAGE, prompts)
    assert model.image_encoder.calls == before + 1
    assert len(answers) == 20
    assert all(a.mask.shape == (60, 90) and a.mask.dtype == bool and 0 <= a.quality <= 1 for a in answers)


@pytest.mark.parametrize(
    "one",
    [
        prompt([[30, 20]]),
        prompt([[30, 20], [80, 50]], [1, 0]),
        prompt(box=[10, 5, 70, 50]),
        prompt([[30, 20]], box=[10, 5, 70, 50]),
        prompt([[30, 20], [40, 25], [50, 30]], fence=[0, 0, 60, 40]),
        prompt([[30, 20]], fence=[29, 19, 31, 21]),
        prompt([[30, 20], [5, 5]], [1, 0], mask=np.pad(np.ones((20, 30), bool), ((10, 30), (20, 40)))),
    ],
    ids=["click", "clicks", "box", "click and box", "trace", "trace missed", "mask and points"],
)
def test_every_kind_of_prompt_is_answered_the_same_each_time(model, one):
    segmenter = SamSegmenter("sam_vit_b", model)
    (first,), (second,) = segmenter.segment(IMAGE, [one]), segmenter.segment(IMAGE, [one])
    assert np.array_equal(first.mask, second.mask)
    assert first.quality == second.quality


def test_half_precision_reaches_the_encoder_only(model):
    half = SamScene(model, IMAGE, torch.bfloat16)
    assert half._predictor.features.dtype == torch.float32
    assert not torch.equal(half._predictor.features, scene_of(model)._predictor.features)
    (answer,) = half.ask([Query(np.array([[30, 20]], np.float32), np.array([1]))])
    assert answer.logits.dtype == torch.float32


class Scripted:
    """A scene that answers with masks from a list, whatever is asked."""

    def __init__(self, *answers):
        self.answers, self.queries = list(answers), []

    def ask(self, queries):
        self.queries += queries
        return [self.answers.pop(0) for _ in queries]


def drawn(columns, iou, margin=5.0):
    logits = torch.full((10, 10), -margin)
    logits[:, columns] = margin
    return Answer(logits, torch.zeros(4, 4), iou)


def test_refinement_stops_when_the_mask_settles_and_the_best_rated_pass_counts():
    scene = Scripted(drawn(slice(0, 4), 0.9), drawn(slice(0, 5), 0.7), drawn(slice(0, 5), 0.8))
    (rated,) = refinement._refined(scene, [prompt([[1, 1]])], [Query(np.array([[1, 1]], np.float32), np.array([1]))])
    assert not scene.answers
    assert rated.answer.iou == 0.9
    assert rated.score == pytest.approx(0.6 * 0.9 + 0.3 + 0.1)
    assert [None if q.box_px is None else q.box_px.tolist() for q in scene.queries] == [
        None, [0, 0, 4, 10], [0, 0, 5, 10],
    ]  # fmt: skip


def test_a_mask_that_misses_its_trace_is_asked_for_again_with_the_fence():
    wrong, right = drawn(slice(8, 10), 0.9), drawn(slice(0, 3), 0.5)
    scene = Scripted(wrong, wrong, right, right)
    trace = prompt([[1, 1], [2, 5]], fence=[0, 0, 4, 10])
    (rated,) = refinement._solve(scene, [trace])
    assert rated.answer is right
    assert scene.queries[2].box_px.tolist() == [0, 0, 4, 10]


def test_an_empty_mask_is_worth_nothing_and_is_not_refined():
    scene = Scripted(drawn(slice(0, 0), 0.99))
    (rated,) = refinement._solve(scene, [prompt([[1, 1]])])
    assert rated.score == 0.0


def test_a_checkpoint_of_another_model_is_named(tmp_path, model):
    path = tmp_path / "small.pth"
    torch.save(model.state_dict(), path)
    with pytest.raises(WeightsError, match=r"small\.pth does not fit sam_vit_b: 154 keys are missing"):
        load_sam("sam_vit_b", "cpu", path)


@pytest.mark.slow
def test_the_true_architecture_loads_and_answers(tmp_path):
    torch.manual_seed(5)
    path = tmp_path / "random.pth"
    torch.save(sam_model_registry["vit_b"]().state_dict(), path)
    with pytest.raises(WeightsError, match="it looks like sam_vit_b"):
        load_sam("sam_vit_l", "cpu", path)
    segmenter = load_sam("sam_vit_b", "cpu", path)
    answers = segmenter.segment(IMAGE, [prompt([[30, 20]]), prompt(box=[10, 5, 70, 50])])
    assert segmenter.name == "sam_vit_b"
    assert [a.mask.shape for a in answers] == [(60, 90)] * 2

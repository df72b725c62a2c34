"""The SAM 2 family as propagators: true classes of transformers with random weights."""

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip("transformers", reason="needs pip install 'pointvos[video]'")
pytest.importorskip("timm", reason="needs pip install 'pointvos[video]'")

from stages.backends.checkpoints import CheckpointError
from stages.backends.sam2.frames import normalized, squared, squared_mask
from stages.backends.sam2.memory import GIVEN, ObjectMemory
from stages.backends.sam2.networks import FAMILIES
from stages.backends.sam2.propagator import Sam2Propagator, load_propagator
from stages.backends.sam2.tracking import track_together
from tests.stages.backends.sam2.tiny_sam2 import NAMES, SIDE, save_tiny, tiny_network

pytestmark = pytest.mark.filterwarnings("default")  # other people's deprecations

HEIGHT, WIDTH = 48, 80


@pytest.fixture(scope="module", params=NAMES)
def propagator(request):
    return Sam2Propagator(request.param, tiny_network(request.param, "video"))


def image(idx=0):
    rng = np.random.default_rng(idx)
    noise = rng.integers(0, 90, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    return cv2.rectangle(noise, (10 + idx, 8), (34 + idx, 30), (220, 40, 60), -1)


def box_mask(left=10, top=8, right=35, bottom=31):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[top:bottom, left:right] = True
    return mask


def tracked(propagator, n_frames, masks):
    session = propagator.open(HEIGHT, WIDTH)
    session.start(propagator.encode(image()), masks)
    return session, [session.step(propagator.encode(image(idx))) for idx in range(1, n_frames)]


@torch.inference_mode()
def test_a_pruned_memory_tracks_to_the_bit_as_the_whole_session_of_transformers(propagator):
    import transformers

    name, network = propagator.name, propagator._network
    whole = getattr(transformers, FAMILIES[name].session)(
        video_height=HEIGHT, video_width=WIDTH, dtype=torch.float32, video_storage_device="cpu",
        inference_device="cpu", inference_state_device="cpu",
    )  # fmt: skip
    whole.add_mask_inputs(whole.obj_id_to_idx(7), 0, squared_mask(box_mask(), SIDE))
    whole.obj_with_new_inputs = [7]
    memory = ObjectMemory(network, FAMILIES[name], HEIGHT, WIDTH)
    for idx in range(24):
        encoding = propagator.encode(image(idx))
        expected = network(whole, frame=normalized(encoding.square, FAMILIES[name], torch.device("cpu")), frame_idx=idx)
        if idx == 0:
            memory.give(0, encoding.features, squared_mask(box_mask(), SIDE))
            continue
        mask, presence = track_together(network, FAMILIES[name], [memory], idx, encoding.features, 1)
        assert torch.equal(mask, expected.pred_masks)
        assert torch.equal(presence, expected.object_score_logits.reshape(1))
    assert len(whole.output_dict_per_obj[0]["non_cond_frame_outputs"]) == 23
    assert memory.tracked_frames == tuple(range(9, 24))


def test_memory_does_not_grow_with_the_video(propagator):
    session = propagator.open(HEIGHT, WIDTH)
    encoding = propagator.encode(image())
    session.start(encoding, {"it": box_mask()})
    memory, n_bytes = session.memories["it"], []
    last = 300 if propagator.name == "sam2.1_tiny" else 60
    for idx in range(1, last + 1):
        session.step(encoding)
        if idx % 5 == 0:
            session.start(encoding, {"it": box_mask(left=10 + idx % 20)})
        n_bytes.append(memory.n_bytes)
    assert n_bytes[29] == n_bytes[-1] < 400_000
    assert memory.given_frames == (0, last - 10, last - 5, last), "the first given mask and the latest"
    assert len(memory.given_frames) == GIVEN


def test_a_correction_is_remembered_at_the_frame_that_it_was_made_on(propagator):
    session, _ = tracked(propagator, 6, {"it": box_mask()})
    session.start(propagator.encode(image(5)), {"it": box_mask(left=40, right=70)})
    assert session.memories["it"].given_frames == (0, 5)
    assert 5 not in session.memories["it"].tracked_frames
    corrected = session.step(propagator.encode(image(6)))["it"]
    _, without = tracked(propagator, 7, {"it": box_mask()})
    assert not np.array_equal(corrected.probability, without[-1]["it"].probability)


@torch.inference_mode()
def test_a_mask_registered_for_another_frame_is_refused_instead_of_tracking_nothing(propagator):
    memory = ObjectMemory(propagator._network, FAMILIES[propagator.name], HEIGHT, WIDTH)
    memory._session.add_mask_inputs(0, 3, squared_mask(box_mask(), SIDE))
    memory._session.obj_with_new_inputs = [1]
    with pytest.raises(RuntimeError, match="a mask was given for another frame than 0"):
        memory._run(0, propagator.encode(image()).features)


def test_twenty_objects_are_tracked_one_by_one_each_as_if_alone(propagator):
    masks = {f"{i:02}": box_mask(left=i * 3, right=i * 3 + 12) for i in range(20)}
    _, together = tracked(propagator, 3, masks)
    assert [sorted(found) for found in together] == [sorted(masks)] * 2
    _, alone = tracked(propagator, 3, {"07": masks["07"]})
    for both, one in zip(together, alone, strict=True):
        assert np.array_equal(both["07"].probability, one["07"].probability)


def worked_on(propagator, n_frames):
    """Three objects from the first frame, a fourth from the third; one is corrected, one taken as absent."""
    session = propagator.open(HEIGHT, WIDTH)
    session.start(propagator.encode(image()), {name: box_mask(left=place) for place, name in enumerate("abc", 8)})
    found = []
    for idx in range(1, n_frames):
        found.append(session.step(propagator.encode(image(idx))))
        given = {2: {"d": box_mask(left=50, right=70)}, 4: {"b": box_mask(top=20)}, 6: {"c": box_mask(right=0)}}
        if idx in given:
            session.start(propagator.encode(image(idx)), given[idx])
    return session, found


def test_objects_in_one_batch_are_found_as_one_by_one_whenever_they_are_given_or_corrected(propagator):
    together = Sam2Propagator(propagator.name, propagator._network, at_once=3)
    session, found = worked_on(together, 20)
    _, alone = worked_on(propagator, 20)
    for both, one in zip(found, alone, strict=True):
        assert sorted(both) == sorted(one)
        for name, estimate in both.items():
            assert abs(estimate.probability.astype(int) - one[name].probability).max() <= 2
            assert estimate.quality == pytest.approx(one[name].quality, abs=5e-3)
    encoding, kept = propagator.encode(image()), []
    for _ in range(20):
        session.step(encoding)
        kept.append({name: memory.n_bytes for name, memory in session.memories.items()})
    assert kept[5] == kept[-1], "the memory of an object holds nothing of the batches"


def test_as_many_objects_as_are_allowed_share_one_pass_through_the_attention(propagator):
    session, _ = worked_on(Sam2Propagator(propagator.name, propagator._network, at_once=3), 20)
    sizes = []
    hook = propagator._network.memory_attention.register_forward_hook(lambda *_: sizes.append(1))
    session.step(propagator.encode(image(20)))
    hook.remove()
    assert len(sizes) == 3, "a and b remember different numbers of given masks; c and b as many"


def test_a_correction_of_one_object_leaves_the_others_as_they_are(propagator):
    session, _ = tracked(propagator, 3, {"a": box_mask(), "b": box_mask(left=50, right=70)})
    session.start(propagator.encode(image(2)), {"a": box_mask(top=20)})
    found = session.step(propagator.encode(image(3)))
    _, untouched = tracked(propagator, 4, {"b": box_mask(left=50, right=70)})
    assert np.array_equal(found["b"].probability, untouched[-1]["b"].probability)


def test_an_object_may_start_later_and_be_taken_as_absent(propagator):
    session, _ = tracked(propagator, 3, {"a": box_mask()})
    session.start(propagator.encode(image(2)), {"b": box_mask(left=50, right=70)})
    assert sorted(session.step(propagator.encode(image(3)))) == ["a", "b"]
    session.start(propagator.encode(image(3)), {"a": np.zeros((HEIGHT, WIDTH), bool)})
    assert sorted(session.step(propagator.encode(image(4)))) == ["a", "b"]


def test_estimates_have_the_shape_of_the_frame_and_a_packed_frame_serves_as_well(propagator):
    _, (fresh,) = tracked(propagator, 2, {"it": box_mask()})
    assert fresh["it"].probability.shape == (HEIGHT, WIDTH)
    assert fresh["it"].probability.dtype == np.uint8
    assert 0 <= fresh["it"].quality <= 1
    session = propagator.open(HEIGHT, WIDTH)
    session.start(propagator.unpack(propagator.pack(propagator.encode(image()))), {"it": box_mask()})
    packed = session.step(propagator.unpack(propagator.pack(propagator.encode(image(1)))))
    assert np.array_equal(packed["it"].probability, fresh["it"].probability)


def test_misuse_is_refused(propagator):
    with pytest.raises(RuntimeError, match=r"step\(\) before start\(\)"):
        propagator.open(HEIGHT, WIDTH).step(propagator.encode(image()))
    with pytest.raises(ValueError, match="object 'it' starts with an empty mask"):
        propagator.open(HEIGHT, WIDTH).start(propagator.encode(image()), {"it": np.zeros((HEIGHT, WIDTH), bool)})


def test_an_object_smaller_than_a_cell_keeps_a_pixel():
    dot = np.zeros((2160, 3840), bool)
    dot[500, 700] = True
    assert squared_mask(dot, SIDE).sum() >= 1
    assert squared_mask(np.zeros((9, 9), bool), SIDE).sum() == 0


def test_frames_are_prepared_as_transformers_prepares_them():
    import transformers

    picture = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    processor = transformers.Sam2ImageProcessor(size={"height": SIDE, "width": SIDE})
    expected = processor(picture, return_tensors="pt")["pixel_values"]
    ours = normalized(squared(picture, SIDE), FAMILIES["sam2.1_tiny"], torch.device("cpu"))
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)


def test_weights_come_from_a_folder_and_those_of_another_model_are_refused(tmp_path):
    loaded = load_propagator("edgetam", "cpu", save_tiny("edgetam", "video", tmp_path / "edgetam"))
    expected = Sam2Propagator("edgetam", tiny_network("edgetam", "video"))
    (fresh,), (saved,) = (tracked(one, 2, {"it": box_mask()})[1] for one in (expected, loaded))
    np.testing.assert_allclose(fresh["it"].probability.astype(int), saved["it"].probability, atol=1)
    with pytest.raises(
        CheckpointError, match=r"sam3_tracker cannot load .*edgetam: it holds edgetam_video, expected sam3_video"
    ):
        load_propagator("sam3_tracker", "cpu", tmp_path / "edgetam")

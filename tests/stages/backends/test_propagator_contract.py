"""The contract that every registered propagator keeps, on a video made of noise and moving textured squares."""

import functools

import cv2
import numpy as np
import pytest
import torch

from schemas.iou import iou
from stages.backends.checkpoints.catalog import WEIGHTS
from stages.backends.propagator import to_bytes
from stages.backends.propagators import PROPAGATORS, load_propagator
from tests.stages.backends.memory_network.first_network import write_first_weights

HEIGHT, WIDTH, SIDE = 64, 96, 20


def textures():
    rng = np.random.default_rng(7)
    blotches = rng.integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3))
    ground = np.repeat(np.repeat(blotches, 4, axis=0), 4, axis=1) // 3
    red = rng.integers(0, 60, (SIDE, SIDE, 3)) + np.array([190, 20, 20])
    blue = rng.integers(0, 60, (SIDE, SIDE, 3)) + np.array([20, 20, 190])
    return ground, red, blue


def place(idx, object_id):
    """(top, left) of a square: the red one moves right, the blue one up."""
    return (18, 8 + idx) if object_id == "red" else (36 - idx, 68)


def draw(idx, object_ids=("red", "blue")):
    ground, red, blue = textures()
    image = ground.copy()
    masks = {}
    for object_id in object_ids:
        top, left = place(idx, object_id)
        image[top : top + SIDE, left : left + SIDE] = red if object_id == "red" else blue
        masks[object_id] = np.zeros((HEIGHT, WIDTH), dtype=bool)
        masks[object_id][top : top + SIDE, left : left + SIDE] = True
    return image.astype(np.uint8), masks


@pytest.fixture(scope="module", params=[*(name for name in PROPAGATORS if name not in WEIGHTS), "trained"])
def propagator(request, tmp_path_factory):
    torch.set_num_threads(1)
    if request.param == "trained":
        return load_propagator(f"trained:{write_first_weights(tmp_path_factory.mktemp('first') / 'first.pt')}", "cpu")
    return load_propagator(request.param, "cpu")


@functools.cache
def encoded(propagator, idx, *object_ids):
    return propagator.encode(draw(idx, object_ids or ("red", "blue"))[0])


def full_size(probability):
    return cv2.resize(to_bytes(probability), (WIDTH, HEIGHT)) > 127


def follow(propagator, n_frames, *, start=("red", "blue")):
    session = propagator.open(HEIGHT, WIDTH)
    _, masks = draw(0)
    session.start(encoded(propagator, 0), {object_id: masks[object_id] for object_id in start})
    return session, [session.step(encoded(propagator, idx)) for idx in range(1, n_frames)]


def test_it_is_registered_under_its_own_name(propagator):
    assert propagator.name in PROPAGATORS or propagator.name.startswith("trained:")
    assert load_propagator(propagator.name, "cpu").name == propagator.name


def test_estimates_are_well_formed_and_follow_their_objects(propagator):
    _, estimates = follow(propagator, 5)
    for idx, found in enumerate(estimates, start=1):
        assert sorted(found) == ["blue", "red"]
        for object_id, estimate in found.items():
            assert 0 <= estimate.quality <= 1
            for values in (estimate.probability, estimate.probability if estimate.trust is None else estimate.trust):
                assert values.shape == estimate.probability.shape
                assert values.dtype in (np.uint8, np.float32)
                assert 0 <= values.min() <= values.max() <= (255 if values.dtype == np.uint8 else 1)
            assert iou(full_size(estimate.probability), draw(idx)[1][object_id]) > 0.7


def test_an_object_does_not_depend_on_the_others(propagator):
    if propagator.name.startswith("trained:"):
        pytest.skip("its memory knows where the other objects are")
    _, together = follow(propagator, 3)
    _, alone = follow(propagator, 3, start=("red",))
    for both, one in zip(together, alone, strict=True):
        np.testing.assert_allclose(to_bytes(both["red"].probability), to_bytes(one["red"].probability), atol=1)


def test_the_same_frames_give_the_same_bytes(propagator):
    _, first = follow(propagator, 3)
    _, second = follow(propagator, 3)
    for one, other in zip(first, second, strict=True):
        assert one["red"].probability.tobytes() == other["red"].probability.tobytes()
        assert one["red"].quality == other["red"].quality


def test_a_packed_encoding_serves_as_well(propagator):
    _, masks = draw(0)
    arrays = {name: np.array(values) for name, values in propagator.pack(encoded(propagator, 0)).items()}
    assert sum(values.nbytes for values in arrays.values()) < 6_000_000
    session = propagator.open(HEIGHT, WIDTH)
    session.start(propagator.unpack(arrays), masks)
    packed = propagator.pack(encoded(propagator, 1))
    found = session.step(propagator.unpack(packed))["red"]
    _, fresh = follow(propagator, 2)
    one, other = (to_bytes(e.probability).astype(float) / 255 for e in (found, fresh[0]["red"]))
    np.testing.assert_allclose(one, other, atol=0.1)
    assert np.abs(one - other).mean() < 1e-3


def test_an_object_may_start_later(propagator):
    session, _ = follow(propagator, 3, start=("red",))
    _, masks = draw(3)
    encoding = encoded(propagator, 3)
    assert sorted(session.step(encoding)) == ["red"]
    session.start(encoding, {"blue": masks["blue"]})
    found = session.step(encoded(propagator, 4))
    assert sorted(found) == ["blue", "red"]
    assert iou(full_size(found["blue"].probability), draw(4)[1]["blue"]) > 0.7


def test_a_live_object_is_corrected(propagator):
    session = propagator.open(HEIGHT, WIDTH)
    _, masks = draw(0)
    session.start(encoded(propagator, 0), {"it": masks["blue"]})
    for idx in (1, 2):
        encoding = encoded(propagator, idx)
        session.step(encoding)
        session.start(encoding, {"it": draw(idx)[1]["red"]})
    found = session.step(encoded(propagator, 3))["it"]
    assert (full_size(found.probability) & draw(3)[1]["red"]).sum() > 0.5 * SIDE * SIDE


def test_an_object_taken_as_absent_has_no_mask_on_a_frame_without_it(propagator):
    session, _ = follow(propagator, 3, start=("red",))
    encoding = encoded(propagator, 3, "blue")
    session.step(encoding)
    session.start(encoding, {"red": np.zeros((HEIGHT, WIDTH), dtype=bool)})
    found = session.step(encoded(propagator, 4, "blue"))["red"]
    assert full_size(found.probability).sum() < 0.02 * SIDE * SIDE


def test_misuse_is_refused(propagator):
    encoding = encoded(propagator, 0)
    with pytest.raises(RuntimeError, match=r"step\(\) before start\(\)"):
        propagator.open(HEIGHT, WIDTH).step(encoding)
    with pytest.raises(ValueError, match="object 'red' starts with an empty mask"):
        propagator.open(HEIGHT, WIDTH).start(encoding, {"red": np.zeros((HEIGHT, WIDTH), dtype=bool)})


def test_an_object_of_one_pixel_and_one_of_all_pixels_do_no_harm(propagator):
    session = propagator.open(HEIGHT, WIDTH)
    dot = np.zeros((HEIGHT, WIDTH), dtype=bool)
    dot[30, 50] = True
    session.start(encoded(propagator, 0), {"dot": dot, "all": np.ones((HEIGHT, WIDTH), dtype=bool)})
    for idx in (1, 2):
        for estimate in session.step(encoded(propagator, idx)).values():
            assert np.isfinite(estimate.probability).all()
            assert np.isfinite(estimate.quality)


@pytest.mark.parametrize(("height", "width"), [(96, 64), (60, 60), (33, 57)])
def test_any_frame_shape_goes(propagator, height, width):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    session = propagator.open(height, width)
    session.start(propagator.encode(image), {"a": np.tri(height, width, dtype=bool)})
    estimate = session.step(propagator.encode(image))["a"]
    rows, columns = estimate.probability.shape
    assert rows / columns == pytest.approx(height / width, rel=0.06)

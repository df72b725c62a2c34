import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from cutie.inference.inference_core import InferenceCore

from stages.backends.cutie.limits import Limits
from stages.backends.cutie.propagator import CutiePropagator, load_cutie
from stages.backends.weights import WeightsError
from tests.stages.backends.cutie.random_cutie import write_random_weights

HEIGHT, WIDTH = 96, 128
REPOSITORY = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cutie")
    return {v: write_random_weights(folder / f"{v}.pth", v) for v in ("small", "base")}


@pytest.fixture(scope="module", params=["small", "base"])
def cutie(request, checkpoints):
    return load_cutie(f"cutie_{request.param}", "cpu", checkpoints[request.param])


@pytest.fixture(scope="module")
def small(checkpoints):
    return load_cutie("cutie_small", "cpu", checkpoints["small"])


def frame(idx, height=HEIGHT, width=WIDTH):
    image = np.random.default_rng(2).integers(0, 60, (height, width, 3), dtype=np.uint8)
    image[30:60, 20 + 2 * idx : 50 + 2 * idx] += 150
    return image


def square(left, top, side, height=HEIGHT, width=WIDTH):
    mask = np.zeros((height, width), dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


def bare_loop(propagator, masks, n_frames):
    """Cutie's own loop over the same network: joint probabilities (1 + objects, H, W) of every frame."""
    core = InferenceCore(propagator._network, cfg=propagator._config)
    index = sum(mask.astype(np.int64) * number for number, mask in enumerate(masks, start=1))
    found = []
    with torch.inference_mode():
        for idx in range(n_frames):
            image = torch.from_numpy(frame(idx)).permute(2, 0, 1).float() / 255
            if idx == 0:
                core.step(image, torch.from_numpy(index), objects=list(range(1, len(masks) + 1)))
            else:
                found.append(core.step(image).numpy())
    return found


def test_limits_make_it_work_smaller_and_remember_less(checkpoints):
    limits = Limits(short_side_px=112, memory_frames=4)
    limited = load_cutie("cutie_small", "cpu", checkpoints["small"], limits)
    assert limited.encode(frame(0, 240, 320)).image.shape == (112, 149, 3)
    session = limited.open(HEIGHT, WIDTH)
    session.start(limited.encode(frame(0)), {"a": square(20, 30, 30)})
    for idx in range(1, 40):
        session.step(limited.encode(frame(idx)))
    cells = HEIGHT * WIDTH // 16**2
    remembered = session._core.memory.work_mem
    assert remembered.size(0) <= 4 * cells
    assert session._core.memory.long_mem.engaged(0)


@pytest.mark.parametrize("wrong", [{"short_side_px": 50}, {"memory_frames": 1}])
def test_limits_below_what_it_can_do_with_are_refused(wrong):
    (name, value) = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{name} {value} must be at least"):
        Limits(**wrong)


def test_one_object_is_where_the_bare_loop_puts_it(cutie):
    session = cutie.open(HEIGHT, WIDTH)
    session.start(cutie.encode(frame(0)), {"a": square(20, 30, 30)})
    for idx, joint in enumerate(bare_loop(cutie, [square(20, 30, 30)], 8), start=1):
        odds = joint[1] / joint[0]
        estimate = session.step(cutie.encode(frame(idx)))["a"]
        assert estimate.probability.shape == (HEIGHT, WIDTH)
        assert estimate.probability.dtype == np.uint8
        expected = np.sqrt(odds) / (1 + np.sqrt(odds))  # Cutie squares the odds of a single object
        if (expected > 0.5).any():
            np.testing.assert_allclose(estimate.probability / 255, expected, atol=4e-3)
        else:
            assert not estimate.probability.any()


def test_objects_that_exclude_each_other_add_up_to_the_bare_loop(small):
    masks = [square(20, 30, 30), square(70, 30, 30)]
    session = small.open(HEIGHT, WIDTH)
    session.start(small.encode(frame(0)), {"a": masks[0], "b": masks[1]})
    for idx, joint in enumerate(bare_loop(small, masks, 4), start=1):
        session.step(small.encode(frame(idx)))
        own = torch.stack([session._latest["a"], session._latest["b"]]).numpy()
        background = np.prod(1 - own, axis=0)
        odds = np.stack([background / (1 - background), *(own / (1 - own))])
        np.testing.assert_allclose(odds / odds.sum(axis=0), joint, atol=5e-3)


def test_objects_enter_later_and_are_corrected_without_losing_the_others(small):
    session = small.open(HEIGHT, WIDTH)
    session.start(small.encode(frame(0)), {"a": square(20, 30, 30)})
    found = []
    for idx in range(1, 8):
        encoding = small.encode(frame(idx))
        found.append(sorted(session.step(encoding)))
        if idx == 2:
            session.start(encoding, {"c": square(60, 10, 20), "b": square(25, 35, 10)})
        if idx == 4:
            session.start(encoding, {"b": square(30, 35, 10), "d": square(5, 70, 20)})
        if idx == 5:
            session.start(encoding, {"a": np.zeros((HEIGHT, WIDTH), dtype=bool)})
    assert found == [["a"]] * 2 + [["a", "b", "c"]] * 2 + [["a", "b", "c", "d"]] * 3


def test_overlapping_objects_are_both_taken_whole(small):
    """What Cutie remembers of the overlap is shared out; what the session remembers of it is not."""
    session = small.open(HEIGHT, WIDTH)
    man, shirt = square(20, 20, 60), square(30, 30, 20)
    session.start(small.encode(frame(0)), {"man": man, "shirt": shirt})
    assert np.array_equal(session._latest["man"].numpy() > 0.5, man)
    assert np.array_equal(session._latest["shirt"].numpy() > 0.5, shirt)
    assert session._core.last_mask[0, :, 40, 40].tolist() == pytest.approx([0.5, 0.5], abs=1e-3)


def test_an_unpacked_encoding_gives_the_same_estimates(small):
    def follow(encode):
        session = small.open(HEIGHT, WIDTH)
        session.start(encode(frame(0)), {"a": square(20, 30, 30)})
        return [session.step(encode(frame(idx)))["a"] for idx in range(1, 4)]

    packed = follow(lambda image: small.unpack(small.pack(small.encode(image))))
    for one, other in zip(follow(small.encode), packed, strict=True):
        assert np.array_equal(one.probability, other.probability)
        assert one.quality == other.quality
    assert {k: v.dtype for k, v in small.pack(small.encode(frame(0))).items()} == {"image": np.uint8}


def test_two_sessions_side_by_side_do_not_touch_each_other(small):
    def follow(n_sessions):
        sessions = [small.open(HEIGHT, WIDTH) for _ in range(n_sessions)]
        for n, session in enumerate(sessions):
            session.start(small.encode(frame(0)), {"a": square(20 + 20 * n, 30, 30)})
        for idx in range(1, 4):
            last = [session.step(small.encode(frame(idx)))["a"] for session in sessions]
        return last[0]

    assert np.array_equal(follow(1).probability, follow(2).probability)


def test_large_frames_are_worked_on_small_and_tiny_ones_large(small):
    assert small.encode(frame(0, 720, 1280)).image.shape == (480, 853, 3)
    session = small.open(40, 64)
    session.start(small.encode(frame(0, 40, 64)[:40]), {"a": square(20, 10, 20, 40, 64)})
    for idx in range(1, 4):
        estimate = session.step(small.encode(frame(idx, 40, 64)[:40]))["a"]
    assert estimate.probability.shape == (96, 154)


def test_half_precision_runs_through_every_step_and_stays_near_full_precision(small):
    half = CutiePropagator("cutie_small", small._network, small._config, torch.device("cpu"), torch.bfloat16)

    def follow(propagator):
        session = propagator.open(HEIGHT, WIDTH)
        session.start(propagator.encode(frame(0)), {"a": square(20, 30, 30)})
        for idx in range(1, 12):
            session.step(propagator.encode(frame(idx)))
        return session._latest["a"].float()

    full, coarse = follow(small), follow(half)
    assert not torch.equal(full, coarse)
    assert float((full - coarse).abs().max()) < 0.1


@pytest.mark.slow
def test_memory_stays_bounded_whatever_the_length(small):
    session = small.open(HEIGHT, WIDTH)
    session.start(small.encode(frame(0)), {"a": square(20, 30, 30)})
    tokens = []
    for idx in range(1, 161):
        session.step(small.encode(frame(idx % 30)))
        memory = session._core.memory
        tokens.append(memory.work_mem.size(0) + (memory.long_mem.size(0) if memory.long_mem.engaged(0) else 0))
    cells = (HEIGHT // 16) * (WIDTH // 16)
    assert max(tokens) <= 10 * cells + 10_000
    assert memory.work_mem.size(0) <= 10 * cells
    assert memory.long_mem.engaged(0)


def test_nan_is_refused(small):
    session = small.open(HEIGHT, WIDTH)
    session.start(small.encode(frame(0)), {"a": square(20, 30, 30)})
    encoding = small.encode(frame(1))
    with torch.inference_mode():
        encoding.features[0][1].fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="cutie_small answered with NaN"):
        session.step(encoding)


def test_what_cannot_be_done_is_said(small):
    session = small.open(HEIGHT, WIDTH)
    with pytest.raises(RuntimeError, match=r"step\(\) before start\(\)"):
        session.step(small.encode(frame(0)))
    with pytest.raises(ValueError, match="object 'a' starts with an empty mask"):
        session.start(small.encode(frame(0)), {"a": np.zeros((HEIGHT, WIDTH), dtype=bool)})


def test_the_wrong_architecture_is_named(checkpoints):
    with pytest.raises(WeightsError, match=r"does not fit cutie_small; it looks like cutie_base: \d+ keys are unexp"):
        load_cutie("cutie_small", "cpu", checkpoints["base"])


def test_nothing_is_downloaded_and_the_backbones_are_left_as_they_were(tmp_path):
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('a connection was opened')\n"
        "socket.socket.connect = refuse\n"
        "from cutie.model.utils import resnet\n"
        "before = resnet.resnet18, resnet.resnet50\n"
        "from stages.backends.cutie.network import build_network, make_config\n"
        "build_network(make_config('small'))\n"
        "assert (resnet.resnet18, resnet.resnet50) == before\n"
    )
    environment = {"TORCH_HOME": str(tmp_path), "PATH": "/usr/bin"}
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, check=True)
    assert not list(tmp_path.iterdir())


def test_long_term_memory_grows_to_its_bound_and_no_further(checkpoints):
    cutie = load_cutie("cutie_small", "cpu", checkpoints["small"])
    cutie._config.long_term.update(max_num_tokens=400, buffer_tokens=100)
    session, encodings = cutie.open(HEIGHT, WIDTH), [cutie.encode(frame(idx)) for idx in range(2)]
    session.start(encodings[0], {"a": frame(0)[..., 0] > 100})
    cells = []
    for number in range(160):
        session.step(encodings[number % 2])
        cells.append(session._core.memory.long_mem.size(0))
    assert sorted(set(cells)) == [0, 128, 256, 300, 384]
    assert cells[-1] == 300

"""The fused operators against the plain network, and what happens where they are missing."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch

from stages.backends.devices import PRECISION
from stages.backends.embedded.features import fused
from stages.backends.embedded.features.backbone import CHANNELS, FLOAT32, STRIDES, load_backbone
from stages.backends.embedded.features.grids import Grid, working_grid
from stages.backends.embedded.features.precision import Precision, fast_precisions
from stages.backends.embedded.training.outlines import load_outlined
from stages.backends.embedded.training.ranges import measure_ranges
from stages.backends.embedded.training.scenes import make_scene

CPU = torch.device("cpu")
ALL = {
    "float32": Precision(torch.float32, int8=False),
    "bfloat16": Precision(torch.bfloat16, int8=False),
    "float32 and int8": Precision(torch.float32, int8=True),
    "bfloat16 and int8": Precision(torch.bfloat16, int8=True),
}
LARGEST_ERROR = {"float32": 1e-5, "bfloat16": 0.07, "float32 and int8": 0.12, "bfloat16 and int8": 0.12}


@pytest.fixture(scope="module")
def scene():
    return make_scene(load_outlined(), np.random.default_rng(5)).image


@pytest.fixture(scope="module")
def exact(scene):
    return load_backbone("cpu", FLOAT32).features(scene, working_grid(240, 427, 240 * 432))


def runs(name):
    """Whether the processor can compute so at all, however slowly."""
    return "bfloat16" not in name or torch.cpu._is_avx512_supported()


@pytest.mark.parametrize("name", ALL)
def test_every_level_is_near_that_of_the_plain_network(name, scene, exact):
    if not runs(name):
        pytest.skip("bfloat16 cannot be computed on this processor")
    backbone = load_backbone("cpu", (ALL[name],))
    assert backbone._fused is not None
    maps = backbone.features(scene, working_grid(240, 427, 240 * 432))
    for level in STRIDES:
        assert maps[level].dtype == torch.float32
        assert maps[level].shape == exact[level].shape
        assert (maps[level] - exact[level]).norm() < LARGEST_ERROR[name] * exact[level].norm()


@pytest.mark.parametrize("name", ALL)
def test_sides_that_strides_do_not_divide_give_maps_of_the_grid(name):
    if not runs(name):
        pytest.skip("bfloat16 cannot be computed on this processor")
    image = np.random.default_rng(0).integers(0, 256, (80, 112, 3), dtype=np.uint8)
    maps = load_backbone("cpu", (ALL[name],)).features(image, Grid(80, 112))
    plain = load_backbone("cpu", FLOAT32).features(image, Grid(80, 112))
    for level, stride in STRIDES.items():
        assert maps[level].shape == (*Grid(80, 112).shape(stride), CHANNELS[level])
        assert (maps[level] - plain[level]).norm() < 0.15 * plain[level].norm()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("size", [(64, 96), (94, 62)])
def test_strips_of_any_height_give_the_same_bytes(name, size, monkeypatch):
    if not runs(name):
        pytest.skip("bfloat16 cannot be computed on this processor")
    backbone, image = (
        load_backbone("cpu", (ALL[name],)),
        np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8),
    )
    whole = backbone.features(image, Grid(*size))
    for n_values in (1, 1 << 15):
        monkeypatch.setattr(fused, "_STRIP_VALUES", n_values)
        found = backbone.features(image, Grid(*size))
        assert all(torch.equal(found[level], whole[level]) for level in STRIDES)


def test_threads_give_the_same_bytes_and_packed_weights_stay_few():
    backbone = load_backbone("cpu", (ALL["float32 and int8"],))
    grids = [Grid(64, 64 + 16 * i) for i in range(7)] * 2
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    alone = [backbone.features(image, grid, ["b15"])["b15"] for grid in grids]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda grid: backbone.features(image, grid, ["b15"])["b15"], grids))
    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))
    layers = [layer for block in backbone._fused._blocks[fused.N_EARLY :] for layer in (block._expand, block._project)]
    assert max(len(layer._packed) for layer in layers) <= 4


def test_operators_that_compute_something_else_are_not_used(monkeypatch, exact, scene):
    monkeypatch.setattr(fused, "RANGES", (0.5,) * 16)
    backbone = load_backbone.__wrapped__("cpu", (ALL["float32 and int8"],))
    assert backbone._fused is None
    assert torch.equal(backbone.features(scene, working_grid(240, 427, 240 * 432))["b15"], exact["b15"])


def test_float32_can_be_asked_for(monkeypatch):
    monkeypatch.setenv(PRECISION, "float32")
    assert fast_precisions(CPU) == []
    monkeypatch.setenv(PRECISION, "half")
    with pytest.raises(ValueError, match="unknown POINTVOS_PRECISION 'half'; known: auto, float32"):
        fast_precisions(CPU)


def test_a_gpu_computes_in_float32():
    assert fast_precisions(torch.device("cuda")) == []


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        ({"_is_avx512_bf16_supported": True, "_is_vnni_supported": True}, ["bfloat16 and int8", "bfloat16"]),
        ({"_is_amx_tile_supported": True}, ["bfloat16"]),
        ({"_is_vnni_supported": True}, ["float32 and int8"]),
        ({}, []),
    ],
)
def test_the_processor_decides(probes, expected, monkeypatch):
    monkeypatch.delenv(PRECISION, raising=False)
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported", "_is_vnni_supported"):
        monkeypatch.setattr(torch.cpu, name, partial(bool, probes.get(name)))
    assert fast_precisions(CPU) == [ALL[name] for name in expected]


def test_ranges_hold_what_enters_the_blocks_of_scenes():
    measured = np.array(measure_ranges(n_scenes=3, seed=1))
    assert (measured[1:] <= 1.1 * np.array(fused.RANGES[1:])).all()
    assert (measured[1:] >= 0.5 * np.array(fused.RANGES[1:])).all()

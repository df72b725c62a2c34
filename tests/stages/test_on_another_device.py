"""Every registered model on a device of its own: it runs there, mixes nothing, and answers as it does on the CPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from schemas.frames import Frame
from schemas.localizations import Box, Clicks, Expression, Localization, MaskHint, Scribble, Trace
from schemas.masks import encode_rle
from schemas.object_masks import ObjectMask
from stages.backends.cutie.propagator import load_cutie
from stages.backends.devices import PRECISION
from stages.backends.embedded.features.backbone import load_backbone
from stages.backends.embedded.segmenter.click_predictor import load_click_predictor
from stages.backends.families import SAM2_FAMILY
from stages.backends.localizers import LOCALIZERS, load_localizer
from stages.backends.propagators import PROPAGATORS, load_propagator
from stages.backends.sam.segmenter import SamSegmenter
from stages.backends.segmenters import SEGMENTERS, load_segmenter
from stages.propagate.bidirectional import Task, propagate
from stages.propagate.repair import Repairer, RepairOptions
from stages.segment.prompts import to_prompt
from stages.segment.segment_frame import segment_frame
from tests.another_device import StandIn, another_device
from tests.stages.backends.cutie.random_cutie import write_random_weights
from tests.stages.backends.memory_network.first_network import write_first_weights
from tests.stages.backends.sam.tiny_sam import tiny_sam
from tests.stages.backends.tiny_detectors import save_detector

HEIGHT, WIDTH, SIDE, N_FRAMES = 64, 96, 22, 7
WORDS = [Expression(("black swan",)), Expression(("a dog", "the grey dog"))]
WITHOUT_NETWORK = {"grabcut", "flow"}
ALIKE = {"sam2.1_small", "sam2.1_base_plus", "sam2.1_large"}
"""Other sizes of sam2.1_tiny; tiny networks of them are the same."""


@pytest.fixture(autouse=True)
def _no_stand_in_is_kept(monkeypatch):
    """The CPU computes in float32 as the other device does, so that answers can be compared to the bit."""
    monkeypatch.setenv(PRECISION, "float32")
    forget_networks()
    yield
    forget_networks()


def forget_networks():
    load_backbone.cache_clear()
    load_click_predictor.cache_clear()


def picture(idx=0):
    """Two discs on grain: the red one moves right, the blue one up."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 60, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    for object_id, colour in (("red", (210, 30, 30)), ("blue", (30, 40, 210))):
        image[disc(object_id, idx)] = colour
    return image


def disc(object_id, idx=0):
    centre = (24 + 2 * idx, 22) if object_id == "red" else (72, 46 - idx)
    return cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), centre, SIDE // 2, 1, -1).astype(bool)


def localized(object_id, *hints, frame_idx=0):
    return [Localization("v", object_id, frame_idx, hint, group="g") for hint in hints]


def stroke(*xy):
    return tuple((x / WIDTH, y / HEIGHT) for x, y in xy)


HINTS = {
    "click": [Clicks(((24, 22),), (1,))],
    "clicks on and off": [Clicks(((20, 22), (28, 24), (24, 18), (60, 10)), (1, 1, 1, 0))],
    "box": [Box((12, 10, 37, 35))],
    "box and click": [Box((12, 10, 37, 35)), Clicks(((24, 22),), (1,))],
    "scribble": [Scribble((stroke((18, 20), (24, 22), (30, 24)), stroke((50, 8), (60, 8))), (1, 0))],
    "trace": [Trace((stroke(*((16 + i, 20 + i % 3) for i in range(16))),), (tuple(range(0, 1280, 80)),))],
    "mask": [MaskHint(encode_rle(disc("red")), HEIGHT, WIDTH)],
}


def make_segmenter(name, device):
    if name in SAM2_FAMILY:
        pytest.importorskip("timm", reason="needs pip install 'pointvos[video]'")
        from stages.backends.sam2.segmenter import Sam2Segmenter
        from tests.stages.backends.sam2.tiny_sam2 import tiny_network

        return Sam2Segmenter(name, tiny_network(name, "image").to(device))
    if not name.startswith("sam_"):
        return load_segmenter(name, device)
    return SamSegmenter(name, tiny_sam().to(device), None if device == "cpu" else torch.bfloat16)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cutie")
    cutie = {f"cutie_{v}": write_random_weights(folder / f"{v}.pth", v) for v in ("small", "base")}
    return {**cutie, "trained": write_first_weights(folder / "first.pt")}


def make_propagator(name, device, checkpoints):
    if name in SAM2_FAMILY:
        pytest.importorskip("timm", reason="needs pip install 'pointvos[video]'")
        from stages.backends.sam2.propagator import Sam2Propagator
        from tests.stages.backends.sam2.tiny_sam2 import tiny_network

        return Sam2Propagator(name, tiny_network(name, "video").to(device))
    if name.startswith("cutie_"):
        return load_cutie(name, device, checkpoints[name])
    return load_propagator(f"trained:{checkpoints['trained']}" if name == "trained" else name, device)


def on_both(act, *names):
    """What comes of ``act(device)`` on the CPU and on the other device, where networks must have computed."""
    here = act("cpu")
    forget_networks()
    with another_device() as done:
        away = act("cuda")
    assert any("conv" in operation for operation in done) != WITHOUT_NETWORK.issuperset(names)
    return here, away


def assert_alike(here, away):
    """The same masks; a device that adds in another order, objects at once, may differ in last digits of quality."""
    assert len(here) == len(away)
    for one, other in zip(here, away, strict=True):
        assert np.array_equal(one.mask, other.mask)
        assert one.quality == pytest.approx(other.quality, abs=1e-4)


@pytest.mark.filterwarnings("default")  # other people's deprecations
@pytest.mark.parametrize("name", [name for name in SEGMENTERS if name not in ALIKE])
def test_a_segmenter_answers_every_kind_of_prompt(name):
    prompts = [to_prompt(localized(kind, *hints), HEIGHT, WIDTH) for kind, hints in HINTS.items()]
    asked = [prompt for prompt in prompts if prompt.mask is None or name.startswith(("sam_", *SAM2_FAMILY))]
    here, away = on_both(lambda device: make_segmenter(name, device).segment(picture(), asked), name)
    assert_alike(here, away)
    assert len(away) == len(asked)


def test_a_localizer_finds_words():
    here, away = on_both(lambda device: load_localizer("imagenet", device).locate(picture(), WORDS), "imagenet")
    assert here == away


@pytest.mark.filterwarnings("default")  # other people's deprecations
@pytest.mark.parametrize("name", [name for name in LOCALIZERS if name != "imagenet"])
def test_a_detector_finds_words(name, tmp_path):
    pytest.importorskip("transformers", reason="needs pip install 'pointvos[video]'")
    save_detector(name, tmp_path)
    here, away = on_both(lambda device: load_localizer(f"{name}:{tmp_path}", device).locate(picture(), WORDS), name)
    assert [type(answer) for answer in here] == [type(answer) for answer in away]


def seeded(segmenter, idx, own):
    found, _ = segment_frame(segmenter, picture(idx), own)
    drawn = {one.object_id: disc(one.object_id, idx) for one in own}  # random weights may find nothing
    masks = {key: found[key].mask if key in found else mask for key, mask in drawn.items()}
    return [ObjectMask("v", key, idx, mask, "segmenter", segmenter.name, 0.5).row() for key, mask in masks.items()]


def propagated(segmenter, propagator, spool: Path):
    """A video of two objects from its middle, both ways: one is corrected later, and every poor mask is repaired."""
    hints = {
        2: [*localized("red", Clicks(((28, 22),), (1,)), frame_idx=2), *localized("blue", Box((60, 31, 86, 57)))],
        4: localized("red", MaskHint(encode_rle(disc("red", 4)), HEIGHT, WIDTH), frame_idx=4),
    }

    seeds = {idx: seeded(segmenter, idx, own) for idx, own in hints.items()}
    groups = {"red": "g", "blue": "g"}
    repairer = Repairer(segmenter, RepairOptions(every=1, poor_start=1.0, poor=1.0), groups)
    task = Task("v", seeds, groups, propagator, spool, prefetch=0, repairer=repairer)
    rows = propagate((Frame(idx, idx / 10, picture(idx)) for idx in range(N_FRAMES)), task)
    return sorted(rows, key=lambda row: (row.object_id, row.frame_idx)), repairer.decisions


PAIRS = {
    "embedded": "embedded",
    "embedded_fast": "embedded_fast",
    "flow": "grabcut",
    "trained": "embedded",
    "cutie_base": "sam_vit_b",
    "cutie_small": "sam_vit_b",
    **{name: name for name in SAM2_FAMILY},
}
"""Propagator → the segmenter that is asked for repairs."""


@pytest.mark.filterwarnings("default")  # other people's deprecations
@pytest.mark.parametrize("name", [*(name for name in PROPAGATORS if name not in ALIKE), "trained"])
def test_a_propagator_goes_both_ways_with_corrections_and_repairs(name, checkpoints, tmp_path):
    def run(device):
        models = make_segmenter(PAIRS[name], device), make_propagator(name, device, checkpoints)
        return propagated(*models, tmp_path / device)

    (here, decided_here), (away, decided_away) = on_both(run, name, PAIRS[name])
    assert_alike(here, away)
    own = [[decision.own_quality for decision in decided] for decided in (decided_here, decided_away)]
    assert own[0] == pytest.approx(own[1], abs=1e-4)
    assert [replace(decision, own_quality=0.5) for decision in decided_here] == [
        replace(decision, own_quality=0.5) for decision in decided_away
    ]
    assert decided_away
    if not name.startswith("cutie_") and name not in SAM2_FAMILY:  # random weights may lose their objects
        assert {row.frame_idx for row in away} == set(range(N_FRAMES))


def test_the_other_device_refuses_what_a_gpu_refuses():
    with another_device():
        away = torch.arange(3.0).to("cuda")
        assert isinstance(away, StandIn)
        for mix in (lambda: away + torch.ones(3), lambda: torch.stack([away[0], torch.tensor(1.0)])):
            with pytest.raises(RuntimeError, match="found at least two devices"):
                mix()
        for leave in (away.numpy, lambda: np.asarray(away), lambda: np.array([away[0], away[1]])):
            with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
                leave()


def test_the_other_device_takes_what_a_gpu_takes():
    with another_device():
        away = torch.zeros(3, device="cuda:0")
        away[np.array([0, 1])] = 2
        away[torch.tensor([2])] = away.sum()
        away.mul_(torch.tensor(3.0))
        assert away.device == torch.device("cuda:0")
        assert away.tolist() == away.cpu().numpy().tolist() == [6.0, 6.0, 12.0]
        assert (away.max().item(), float(away[0]), int(away.argmax())) == (12.0, 6.0, 2)
        assert not isinstance(away.to("cpu"), StandIn)

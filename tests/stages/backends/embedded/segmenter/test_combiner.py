import numpy as np
import torch

from stages.backends.embedded.segmenter.combiner import KINDS, kind_of, load_combiner


def test_the_number_of_seeds_and_a_box_choose_the_network():
    assert [kind_of(1, False), kind_of(2, False), kind_of(1, True), kind_of(9, True)] == [
        "click",
        "points",
        "box",
        "box",
    ]


def test_numpy_inference_equals_torch():
    combiner = load_combiner()
    for kind in KINDS:
        cues = np.random.default_rng(0).standard_normal((4, 5, len(combiner.mean[kind]))).astype(np.float32)
        x = torch.from_numpy((cues - combiner.mean[kind]) / combiner.scale[kind])
        expected = torch.zeros(4, 5)
        for layers in combiner.members[kind]:
            y = x
            for index, (weight, bias) in enumerate(layers):
                y = y @ torch.from_numpy(weight) + torch.from_numpy(bias)
                y = torch.nn.functional.gelu(y) if index < len(layers) - 1 else y
            expected += y[..., 0] / len(combiner.members[kind])
        np.testing.assert_allclose(combiner.logits(kind, cues), expected.numpy(), rtol=1e-4, atol=1e-5)

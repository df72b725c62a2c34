import numpy as np
import pytest

from stages.backends.embedded.segmenter.combiner import KINDS, WEIGHTS, load_combiner
from stages.backends.embedded.training.combiner import train_combiner


def arrays(path):
    with np.load(path) as file:
        return dict(file)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "combiner.npz"
    return path, train_combiner(path, seed=1, n_images=5)


def test_a_small_training_writes_weights_that_the_segmenter_reads(small):
    path, metrics = small
    assert set(metrics) == set(KINDS)
    assert all(0 <= value <= 1 for value in metrics.values())
    cues = np.zeros((3, 4, 32), dtype=np.float32)
    assert load_combiner(path).logits("click", cues).shape == (3, 4)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(small, tmp_path):
    path, _ = small
    train_combiner(tmp_path / "again.npz", seed=1, n_images=5)
    first, again = arrays(path), arrays(tmp_path / "again.npz")
    assert first.keys() == again.keys()
    assert all(np.array_equal(first[name], again[name]) for name in first)


def test_each_shipped_network_has_fewer_than_two_thousand_weights():
    shipped = arrays(WEIGHTS)
    for kind in KINDS:
        sizes = [array.size for name, array in shipped.items() if name.startswith(f"{kind}.0.")]
        assert 0 < sum(sizes) < 2000


@pytest.mark.slow
def test_the_shipped_weights_are_what_the_command_makes(tmp_path):
    train_combiner(tmp_path / "combiner.npz")
    shipped, made = arrays(WEIGHTS), arrays(tmp_path / "combiner.npz")
    assert shipped.keys() == made.keys()
    for name in shipped:
        np.testing.assert_allclose(made[name], shipped[name], atol=1e-2, err_msg=name)

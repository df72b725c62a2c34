"""What the memory network's parts compute, on maps so small that it can be told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from stages.backends.memory_network.affinity import Affinity, weighted
from stages.backends.memory_network.edges import REACHES, Edges, aligned_to_edges
from stages.backends.memory_network.evidence import corrected, of_masks, of_points
from stages.backends.memory_network.memory_frames import ANCHORS, RECENT, MemoryFrames
from stages.backends.memory_network.network import MemoryNetwork, Seen, aggregated
from stages.backends.memory_network.weights import is_memory_network, read_network, to_bytes
from stages.backends.propagators import load_propagator


def test_points_are_disks_and_others_are_its_own_negatives_and_other_objects():
    xy = torch.tensor([[[[16.0, 16.0], [48.0, 16.0]], [[16.0, 48.0], [0.0, 0.0]]]])
    labels = torch.tensor([[[1, 0], [1, -1]]])
    found = of_points(xy, labels, (64, 64), 4)
    area = np.pi * 25 / 16
    assert found.own[0].sum(dim=(1, 2)).tolist() == pytest.approx([area, area], rel=0.1)
    assert found.others[0, 0].sum().item() == pytest.approx(2 * area, rel=0.1)
    assert found.others[0, 1].sum().item() == pytest.approx(area, rel=0.1)
    assert found.own[0, 0, 4, 4] == 1
    assert found.others[0, 0, 4, 12] == 1
    assert found.others[0, 0, 12, 4] == 1
    assert found.known[0, 0, 8, 8] == 0


def test_points_are_laid_over_a_drawn_mask():
    points = of_points(torch.tensor([[[[8.0, 8.0], [40.0, 8.0]]]]), torch.tensor([[[1, 0]]]), (16, 48), 4)
    found = corrected(torch.full((1, 1, 4, 12), 0.7), points)
    assert [round(found.own[0, 0, 2, column].item(), 2) for column in (2, 6, 10)] == [1.0, 0.7, 0.0]
    assert found.known.min() == 1


def test_of_masks_the_others_are_the_sum_of_the_rest():
    masks = torch.tensor([0.5, 0.25, 0.75]).reshape(1, 3, 1, 1)
    assert of_masks(masks).others.flatten().tolist() == [1.0, 1.0, 0.75]


def test_the_memory_answers_with_the_values_of_the_nearest_keys():
    network = MemoryNetwork()
    keys = torch.zeros(1, 64, 8)
    keys[0, 0] = torch.arange(8.0) * 100
    values = torch.arange(8.0).reshape(1, 1, 1, 8)
    query = torch.zeros(1, 64, 2, 4)
    query[0, 0, 0] = torch.tensor([700.0, 0.0, 300.0, 100.0])
    with torch.no_grad():
        read = network.read(Seen(query, ()), keys, values, torch.ones(1, 1))
        assert read[0, 0, 0, 0].tolist() == pytest.approx([7, 0, 3, 1], abs=1e-3)
        usable = torch.tensor([[[True, False, False, False, False, False, True, False]]])
        within = weighted(values, *network.affinity.within(query, keys, usable))
        assert within[0, 0, 0, 0].item() == pytest.approx(6, abs=1e-3)


def test_affinity_falls_with_difference_of_keys_and_with_distance_the_less_the_longer_ago():
    torch.manual_seed(0)
    key, keys, gaps = torch.randn(2, 8, 3, 4), torch.randn(2, 8, 24), torch.tensor([[7, 1], [3, 1]])
    affinity = Affinity(top=24)
    place = torch.cartesian_prod(torch.arange(3) / 3, torch.arange(4) / 3)
    apart = (place[:, None] - place).square().sum(dim=2)
    with torch.no_grad():
        affinity.sharpness[1], affinity.distance[1] = 0.3, 2.0
        affinity.widening.fill_(0.5)
        weights, cells = affinity.across(key, keys, gaps)
    differs = (keys[:, :, None] - key.flatten(2)[..., None]).square().sum(dim=1) * np.exp(0.3) / 8**0.5
    cost = np.exp(2) * gaps.float() ** -0.5
    far = (cost[:, None, :, None] * apart[:, None]).flatten(2)
    expected = torch.softmax(-differs - far, dim=2)
    assert torch.allclose(expected.gather(2, cells[:, 0]), weights[:, 0], atol=1e-5)


@pytest.mark.parametrize("n_asked", [1, 3])
def test_values_are_weighed_for_all_objects_alike_or_for_each_its_own_way(n_asked):
    values, weights = torch.rand(2, 3, 5, 40), torch.rand(2, n_asked, 7, 4)
    cells = torch.stack([torch.randperm(40)[:4] for _ in range(2 * n_asked * 7)]).reshape(weights.shape)
    dense = torch.zeros(2, n_asked, 7, 40).scatter(3, cells, weights).expand(-1, 3, -1, -1)
    assert torch.allclose(weighted(values, weights, cells), torch.einsum("bovm,bonm->bovn", values, dense), atol=1e-5)


def test_soft_aggregation_of_one_doubles_its_logit_and_of_several_sums_to_one():
    logits = torch.tensor([-2.0, 0.0, 1.5]).reshape(1, 1, 1, 3)
    assert aggregated(logits)[0, 1, 0].exp().tolist() == pytest.approx(torch.sigmoid(2 * logits).flatten().tolist())
    several = aggregated(torch.randn(1, 3, 4, 4)).exp()
    assert several.sum(dim=1).flatten().tolist() == pytest.approx([1.0] * 16, rel=1e-5)


def test_neighbours_are_compared_with_the_nine_cells_around_them_up_to_the_border():
    edges = Edges(5)
    fine = torch.rand(2, 24, 9, 13)
    with torch.no_grad():
        guide = edges.guide(functional.normalize(fine, dim=1))
        for reach, weights in zip(REACHES, edges.neighbours(fine), strict=True):
            padded = functional.pad(guide, (reach,) * 4, mode="replicate")
            around = functional.unfold(padded, 3, dilation=reach).reshape(2, 5, 9, 9, 13)
            apart = (around - guide[:, :, None]).square().sum(dim=1)
            assert torch.allclose(weights, torch.softmax(-10 * apart, dim=1), atol=1e-5)


def test_a_mask_is_drawn_onto_the_edges_of_the_picture():
    network = MemoryNetwork()
    fine = torch.zeros(1, 24, 12, 12)
    fine[:, 0, :, :6], fine[:, 1, :, 6:] = 1.0, 1.0
    logits = torch.full((1, 1, 12, 12), -2.0)
    logits[..., :5] = 2.0
    logits[..., 4:8, 5] = 2.0
    with torch.no_grad():
        network.edges.contrast.fill_(4.0)
        found = aligned_to_edges(logits, network.edges.neighbours(fine))[0, 0]
    assert (found[5, :6] > 0).all()
    assert (found[:, 6:] < 0).all()


def test_an_object_remembers_its_first_and_latest_anchors_and_few_frames_since():
    one = MemoryFrames()
    for number in (0, 3, 9, 14):
        one.anchor(number, torch.zeros(1))
    for number in range(15, 60):
        one.pass_on(number, torch.zeros(1))
    assert list(one.anchors) == [0, 14][-ANCHORS:]
    assert list(one.recent) == [50, 55, 59][-RECENT:]


def test_a_file_of_other_weights_is_told_from_a_memory_network(tmp_path):
    own, other = tmp_path / "own.pt", tmp_path / "other.pt"
    own.write_bytes(to_bytes(MemoryNetwork(), {"seed": 3}))
    torch.save({"weight": torch.zeros(1)}, other)
    assert (is_memory_network(own), is_memory_network(other), is_memory_network(tmp_path)) == (True, False, False)
    assert read_network(own)[1] == {"seed": 3}
    with pytest.raises(ValueError, match=r"other.pt holds no memory network .*make one with: pointvos train"):
        read_network(other)
    with pytest.raises(ValueError, match=r"other\.pt"):
        load_propagator(f"trained:{other}", "cpu")

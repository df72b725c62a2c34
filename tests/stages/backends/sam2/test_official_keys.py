"""The official checkpoints fit the networks of transformers."""

from pathlib import Path

import pytest
import torch

from stages.backends.sam2.official_keys import converted

pytest.importorskip("transformers", reason="needs pip install 'pointvos[video]'")
pytestmark = pytest.mark.filterwarnings("default")  # other people's deprecations

KEYS = Path(__file__).parents[3] / "data" / "sam2" / "sam2.1_hiera_tiny.keys"
"""Keys and shapes of sam2.1_hiera_tiny.pt, as Meta's package sam2 1.1.0 makes them."""


def official_state():
    lines = [line.split(" ") for line in KEYS.read_text().splitlines()]
    return {key: torch.empty([int(n) for n in shape.split("x")], device="meta") for key, shape in lines}


def test_every_key_and_shape_of_the_official_tiny_checkpoint_finds_its_place():
    from stages.backends.sam2.networks import build_official

    with torch.device("meta"):
        network = build_official("sam2.1_tiny", "video")
    expected = {key: value.shape for key, value in network.state_dict().items()}
    assert {key: value.shape for key, value in converted(official_state()).items()} == expected


def test_a_network_for_images_takes_the_part_that_it_has():
    from stages.backends.sam2.networks import build_official

    with torch.device("meta"):
        network = build_official("sam2.1_tiny", "image")
    assert set(network.state_dict()) <= set(converted(official_state()))


def test_the_four_embeddings_of_points_are_stacked_in_their_order():
    state = {f"sam_prompt_encoder.point_embeddings.{i}.weight": torch.full((1, 2), float(i)) for i in range(4)}
    stacked = converted(state)["prompt_encoder.point_embed.weight"]
    assert stacked.tolist() == [[0, 0], [1, 1], [2, 2], [3, 3]]

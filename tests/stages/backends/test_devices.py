"""What models share about devices."""

from contextlib import ExitStack

import pytest
import torch

from stages.backends.devices import without_cudnn


@pytest.mark.parametrize("was_on", [True, False])
def test_cudnn_is_off_until_the_last_of_several_threads_is_through_and_then_as_before(monkeypatch, was_on):
    monkeypatch.setattr(torch.backends.cudnn, "enabled", was_on)
    first, second = ExitStack(), ExitStack()
    first.enter_context(without_cudnn(torch.device("cuda")))
    second.enter_context(without_cudnn(torch.device("cuda:1")))
    assert not torch.backends.cudnn.enabled
    first.close()
    assert not torch.backends.cudnn.enabled
    second.close()
    assert torch.backends.cudnn.enabled == was_on


def test_an_error_turns_cudnn_on_again_and_a_cpu_leaves_it_alone(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "enabled", True)
    with pytest.raises(RuntimeError), without_cudnn(torch.device("cuda")):
        raise RuntimeError
    assert torch.backends.cudnn.enabled
    with without_cudnn(torch.device("cpu")):
        assert torch.backends.cudnn.enabled

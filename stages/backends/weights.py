"""Weights from a checkpoint into a model: every key and every shape must fit, and the file may hold nothing else."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from stages.backends.tensor_files import read_tensors

_MARKS: Mapping[str, tuple[str, int, int]] = {
    "sam_vit_b": ("image_encoder.pos_embed", -1, 768),
    "sam_vit_l": ("image_encoder.pos_embed", -1, 1024),
    "sam_vit_h": ("image_encoder.pos_embed", -1, 1280),
    "cutie_base": ("pix_feat_proj.weight", 1, 1024),
    "cutie_small": ("pix_feat_proj.weight", 1, 256),
}
"""How a checkpoint shows which architecture it is of: a tensor, one of its axes, and that axis' length."""


class WeightsError(ValueError):
    """A file of weights cannot be read, or is of another architecture; the message says what to do."""


State = dict[str, Tensor]


def as_they_are(state: State) -> State:
    """A state dict under its own names."""
    return state


def load_weights(model: nn.Module, path: Path, name: str, rename: Callable[[State], State] = as_they_are) -> None:
    """Copy the weights of a checkpoint into a model that waits on the CPU, and freeze it for inference.

    Args:
        model: of the architecture that ``name`` says.
        path: file made by ``torch.save`` of a state dict, maybe as ``model`` in another dict; it is read without
            running any code in it.
        name: registry key of the backend, for messages.
        rename: brings the keys of the file into those of the model.

    Raises:
        WeightsError: the file is truncated or holds something else, or keys or shapes do not fit.
    """
    state = rename(_read(path, name))
    if problem := _misfit(model.state_dict(), state):
        likely = architecture_of(state)
        hint = f"; it looks like {likely}" if likely not in ("", name) else ""
        raise WeightsError(f"{path} does not fit {name}{hint}: {problem}")
    model.load_state_dict(state)
    model.eval().requires_grad_(False)


def architecture_of(state: Mapping[str, Tensor]) -> str:
    """Name of the backend that a state dict is of, or empty when none is known."""
    for name, (key, axis, length) in _MARKS.items():
        if key in state and state[key].ndim >= 2 and state[key].shape[axis] == length:
            return name
    return ""


def _read(path: Path, name: str) -> State:
    try:
        state = read_tensors(path, mmap=zipfile.is_zipfile(path))
    except ValueError as problem:
        advice = f"; fetch it again with: pointvos models fetch {name}" if name != "embedded" else ""
        raise WeightsError(f"{path} is not a readable checkpoint ({problem}){advice}") from None
    if isinstance(state, dict) and isinstance(state.get("model"), dict):
        state = state["model"]
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path} holds no state dict of tensors; it is not a checkpoint of {name}")
    return state


def _misfit(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    """What does not fit, in words; empty when everything does."""
    problems = []
    if missing := sorted(expected.keys() - found.keys()):
        problems.append(f"{len(missing)} keys are missing ({_few(missing)})")
    if unexpected := sorted(found.keys() - expected.keys()):
        problems.append(f"{len(unexpected)} keys are unexpected ({_few(unexpected)})")
    shapes = [
        f"{key} {tuple(found[key].shape)} instead of {tuple(expected[key].shape)}"
        for key in sorted(expected.keys() & found.keys())
        if found[key].shape != expected[key].shape
    ]
    if shapes:
        problems.append(f"{len(shapes)} shapes differ ({_few(shapes)})")
    return ", ".join(problems)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")

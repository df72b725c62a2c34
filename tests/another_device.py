"""A machine with a GPU, played on the CPU: tensors that claim to be on ``cuda:0``, compute here and refuse to mix.

Within :func:`another_device`, ``torch.cuda`` reports one GPU, and what is sent to ``cuda`` becomes a
:class:`StandIn`. As with CUDA, tensors of both devices in one operation, ``numpy()`` of such a tensor, and arrays made
of its scalars are errors; ``item()``, ``float()``, ``cpu()``, copies and CPU indices into it are not. Values are those
of the CPU to the bit, apart from what the product does in lower precision on a GPU.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

AWAY = torch.device("cuda:0")
_HERE = torch.device("cpu")
_INSIDE = torch.device("meta")
"""What torch's own code takes it for; it would look for a driver before it touches a tensor on a GPU."""
_INDEXING = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_", "aten::_unsafe_index"}
"""Take CPU indices into a tensor of another device."""
_NO_SCALARS = {"aten::cat", "aten::stack", "aten::index_put", "aten::index_put_"}
"""Take no 0-dimensional CPU tensor beside one of another device, as element-wise operations do."""
_SENDING = {torch.tensor, torch.as_tensor, torch.asarray, torch.Tensor.to, torch.Tensor.type}
"""May be given tensors or arrays of one device and the name of another."""
_ITEMS = {torch.Tensor.__getitem__, torch.Tensor.__setitem__}
_NAMING = {torch.autocast, torch.device, torch._C._nn._parse_to}
"""Only speak of devices."""


class StandIn(torch.Tensor):
    """A tensor ``here`` on the CPU that claims to be on another device."""

    here: torch.Tensor
    device = property(lambda self: AWAY)  # type: ignore[assignment]
    is_cuda = property(lambda self: True)  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, here: torch.Tensor) -> StandIn:
        """Wrap a CPU tensor; views and in-place operations reach its memory."""
        made: StandIn = torch.Tensor._make_wrapper_subclass(
            cls, here.size(), strides=here.stride(), storage_offset=here.storage_offset(), dtype=here.dtype,
            layout=here.layout, device=_INSIDE, requires_grad=False,
        )  # fmt: skip
        made.here = here
        return made

    def numpy(self, *, force: bool = False) -> Any:
        """Refused, as by every tensor that is not in main memory."""
        if force:
            return self.here.numpy(force=True)
        raise TypeError(f"can't convert {AWAY} device type tensor to numpy. Use Tensor.cpu() first.")

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"StandIn({self.here})"

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run an operation on the CPU if its tensors are on one device."""
        return _run(func, args, dict(kwargs or {}))


class _Translator(TorchFunctionMode):
    """Keeps the name ``cuda`` from the operations themselves, which would look for a real GPU."""

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.Tensor.tolist and isinstance(args[0], StandIn):
            return args[0].here.tolist()
        if func is torch.Tensor.pin_memory:
            return args[0]
        if func is torch.Tensor.cuda:
            return _away(_here(args[0]).clone())
        if func in _ITEMS and isinstance(args[0], StandIn):
            return func(args[0], _index(args[1]), *(_value(value, args[0]) for value in args[2:]))
        if func in _NAMING or not any(map(_names_away, chain(args, kwargs.values()))):
            return func(*args, **kwargs)
        own = [_HERE if _names_away(value) else value for value in args]
        named = {key: _HERE if _names_away(value) else value for key, value in kwargs.items()}
        if func in _SENDING:
            own, named = tree_map(_here, (own, named))
        return tree_map(_away, func(*own, **named))


class _Factories(TorchDispatchMode):
    """Gives data to the tensors that torch's own code makes of a number, for it to stand beside a stand-in."""

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        is_number = func._schema.name == "aten::scalar_tensor" or (bool(args) and args[0] == [])
        if named.get("device") == _INSIDE and is_number:
            named["device"] = AWAY
            return _away(_run(func, args, named))
        is_away = any(isinstance(leaf, StandIn) for leaf in tree_leaves((args, named)))
        return _run(func, args, named) if is_away else func(*args, **named)


@contextmanager
def another_device() -> Iterator[Counter[str]]:
    """A machine with one GPU, for as long as the block lasts; yields how often it did what."""
    answers: dict[str, Callable[[], Any]] = {
        "is_available": lambda: True, "device_count": lambda: 1, "is_bf16_supported": lambda: True,
        "get_device_name": lambda *_: "a stand-in", "current_device": lambda: 0, "synchronize": lambda *_: None,
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patched, _Factories(), _Translator():
        for name, answer in answers.items():
            patched.setattr(torch.cuda, name, answer)
        _done.clear()
        yield _done


_done: Counter[str] = Counter()


def _names_away(value: Any) -> bool:
    return (isinstance(value, torch.device) and value.type == AWAY.type) or (
        isinstance(value, str) and value.partition(":")[0] == AWAY.type
    )


def _here(value: Any) -> Any:
    return value.here if isinstance(value, StandIn) else value


def _away(value: Any) -> Any:
    """Anything else than a plain tensor stays as it is. Memory made in inference mode is copied, to be written to."""
    if type(value) not in (torch.Tensor, torch.nn.Parameter):
        return value
    with torch.inference_mode(False):
        return StandIn(value.clone() if value.is_inference() else value)


def _index(index: Any) -> Any:
    """Lists and arrays become tensors here; torch's own code would make them without data."""
    if isinstance(index, tuple):
        return tuple(map(_index, index))
    return torch.as_tensor(index) if isinstance(index, list | np.ndarray) else index


def _value(value: Any, target: torch.Tensor) -> Any:
    """A number that is assigned is sent along, as torch does it."""
    return value if isinstance(value, torch.Tensor) else _away(torch.tensor(value, dtype=target.dtype))


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    name = func._schema.name
    _refuse_to_mix(name, args, kwargs)
    own, named = tree_map(_here, (args, kwargs))
    if name == "aten::_local_scalar_dense":
        return func(*own, **named)
    goes_here = kwargs.get("device") is not None and not _names_away(kwargs["device"])
    if kwargs.get("device") is not None:
        named["device"] = _HERE
    with torch.inference_mode(False), torch.no_grad():  # views of tensors made before the mode are made within it
        answer = func(*own, **named)
    _done[name] += 1
    if goes_here:  # cpu() copies, though here there is nothing to copy
        return answer.clone() if answer is own[0] else answer
    originals = {id(_here(leaf)): leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)}
    return tree_map(lambda leaf: originals.get(id(leaf), _away(leaf)), answer)


def _refuse_to_mix(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if name == "aten::copy_":
        return
    checked = (args[0], *args[2:]) if name in _INDEXING and isinstance(args[0], StandIn) else args
    strangers = [
        leaf
        for leaf in tree_leaves((checked, kwargs))
        if isinstance(leaf, torch.Tensor) and not isinstance(leaf, StandIn)
        if leaf.dim() or name in _NO_SCALARS
    ]
    if strangers:
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {AWAY} and cpu! ({name})"
        )

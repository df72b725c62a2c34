"""Which device a model runs on."""

from __future__ import annotations

import torch


def pick_device(name: str = "auto") -> torch.device:
    """The device called ``name``.

    Args:
        name: ``auto`` (the first GPU when there is one, else the CPU), ``cpu``, ``cuda`` or ``cuda:<n>``.

    Raises:
        ValueError: the name is unknown, or names a GPU that is not there.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in {"cpu", "cuda"} or (index and not (kind == "cuda" and index.isdecimal())):
        raise ValueError(f"unknown device {name!r}; known: auto, cpu, cuda, cuda:<n>")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device {name!r} is not there; {_what_is_there()}")
    return torch.device(name)


def _what_is_there() -> str:
    if torch.version.cuda is None:
        return f"torch {torch.__version__} was built without CUDA"
    names = [f"cuda:{n}" for n in range(torch.cuda.device_count())]
    return f"torch {torch.__version__} finds {', '.join(names) or 'no GPU'}"

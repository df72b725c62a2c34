"""Pickles of arrays, read without running anything in them.

NumPy's own unpickling trusts the state of types that stands in the file. Here, what a pickle asks for is replaced by
stand-ins that only remember it, and an array is made of its bytes, its shape and one of a few plain types.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f2", "f4", "f8", "b1"}
_BROKEN = (
    pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, MemoryError,
    SystemError, RecursionError,
)  # fmt: skip
"""What a broken pickle leads to."""


def read_pickle(path: Path) -> Any:
    """What a pickle of arrays, text, numbers and their containers holds.

    Raises:
        ValueError: it is not a pickle, or holds something else.
    """
    try:
        with path.open("rb") as file:
            return _arrays(_Unpickler(file).load())
    except _BROKEN as problem:
        raise ValueError(str(problem) or type(problem).__name__) from None


class _Type:
    """A type of values."""

    def __init__(self, name: str, *_: object) -> None:
        self.name, self.order = name, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def plain(self) -> np.dtype[Any]:
        """As NumPy has it, when it is a plain one."""
        if self.name not in _TYPES or self.order not in ("<", ">", "=", "|"):
            raise pickle.UnpicklingError(f"it holds values of type {self.name!r}; only plain numbers are read")
        return np.dtype(self.order + self.name)


class _Array:
    """An array whose state has been read."""

    value: NDArray[Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, of, is_fortran, data = state
        self.value = _made(data, of, shape, "F" if is_fortran else "C")


def _made(data: Any, of: Any, shape: Any, order: Any) -> NDArray[Any]:
    if not isinstance(of, _Type) or not isinstance(data, bytes | bytearray | str):
        raise pickle.UnpicklingError("it holds an array of objects; only plain numbers are read")
    content = data.encode("latin1") if isinstance(data, str) else data
    return np.frombuffer(content, of.plain()).reshape(shape, order="F" if order == "F" else "C").copy()


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _frombuffer(data: Any, of: Any, shape: Any, order: Any, *_: object) -> _Array:
    found = _Array()
    found.value = _made(data, of, shape, order)
    return found


def _scalar(of: Any, data: Any) -> Any:
    return _made(data, of, (), "C")[()]


def _encode(text: str, encoding: str) -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"it asks for encoding {encoding!r}")
    return text.encode("latin1")


_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encode,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _frombuffer for core in ("core", "_core")},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """A stand-in; everything that arrays do not need is refused."""
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not needed for arrays")
        return _STAND_INS[module, name]


def _arrays(value: Any) -> Any:
    """The value with the arrays that stand-ins hold."""
    if isinstance(value, _Array):
        return value.value
    if isinstance(value, dict):
        return {key: _arrays(one) for key, one in value.items()}
    return [_arrays(one) for one in value] if isinstance(value, list | tuple) else value

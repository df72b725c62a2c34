"""Files that ``torch.save`` made, read without running any code in them."""

from __future__ import annotations

import pickle
import struct
import warnings
from pathlib import Path
from typing import Any

import torch

_DAMAGE = (RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError, struct.error)


def read_tensors(path: Path, mmap: bool = False) -> Any:
    """What a file holds: tensors on the CPU, and plain values.

    Args:
        path: the file.
        mmap: tensors stay in the file until they are used; for files in the ZIP form of ``torch.save``.

    Raises:
        ValueError: it is missing, damaged or holds anything else; the message is a reason, not a sentence.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle protocols; a file that cannot be read raises anyway
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError:  # its message advises weights_only=False, which runs code of the file
        raise ValueError("it is damaged, or holds other things than tensors and plain values") from None
    except _DAMAGE as problem:
        text = str(problem).strip()
        raise ValueError(text.splitlines()[0] if text else type(problem).__name__) from None

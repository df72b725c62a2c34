"""The log of a training for TensorBoard, where that package is installed (``pip install 'pointvos[tensorboard]'``)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any


class Events:
    """Writes scalars into a folder; without TensorBoard it does nothing.

    Args:
        folder: of the event files.
        first: the step from which on is written; what an earlier process wrote of it and later ones does not count.
    """

    def __init__(self, folder: Path, first: int) -> None:
        self._writer: Any = None
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder), purge_step=first)

    def add(self, step: int, **scalars: float) -> None:
        """Write what is known after a step."""
        if self._writer is not None:
            for name, value in scalars.items():
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()

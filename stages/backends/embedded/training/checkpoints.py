"""Where a training stands, so that it can be cut off anywhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from schemas.whole_files import write_whole
from stages.backends.tensor_files import read_tensors

_COLUMNS = ("step", "rate", "loss", "overlap")


@dataclass(frozen=True, slots=True)
class TrainingFiles:
    """The files of a training: the weights that come out of it, and two beside them.

    Attributes:
        weights: what is written at the end.
        columns: of the log.
    """

    weights: Path
    columns: tuple[str, ...] = _COLUMNS

    @property
    def checkpoint(self) -> Path:
        """Everything that the training needs to continue; removed at its end."""
        return self.weights.with_suffix(".checkpoint")

    @property
    def log(self) -> Path:
        """A row a step; by default ``step``, ``rate``, ``loss`` and ``overlap`` of the batch."""
        return self.weights.with_suffix(".csv")

    def save(self, state: Mapping[str, Any], rows: list[tuple[Any, ...]]) -> None:
        """Write the log, then the checkpoint; each is whole or as it was."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.columns, *rows])
        write_whole(self.log, text.getvalue().encode("ascii"))
        write_whole(self.checkpoint, _bytes({**state, "rows": rows}))

    def read(self) -> dict[str, Any] | None:
        """The checkpoint, if there is one; it is read without running any code in it.

        Raises:
            ValueError: it cannot be read.
        """
        if not self.checkpoint.exists():
            return None
        try:
            found = read_tensors(self.checkpoint)
        except ValueError as problem:
            raise ValueError(f"{self.checkpoint} cannot be read ({problem}); remove it to start over") from None
        return dict(found)

    def finish(self, weights: bytes) -> None:
        """Write the weights and remove the checkpoint."""
        write_whole(self.weights, weights)
        self.checkpoint.unlink(missing_ok=True)


def in_halves(network: nn.Module) -> bytes:
    """A file of a network's weights, in half precision."""
    state = {
        name: value.detach().cpu().half() if value.is_floating_point() else value.detach().cpu()
        for name, value in network.state_dict().items()
    }
    return _bytes({name: value.contiguous() for name, value in state.items()})


def _bytes(state: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    return buffer.getvalue()

"""Trust maps of the batch in work, on disk: which ones are needed is known when the video is through."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.patches import pack_patch


@dataclass(slots=True)
class TrustMaps:
    """Packed maps, one a file below ``folder``."""

    folder: Path
    _numbers: dict[str, int] = field(default_factory=dict, init=False)

    def put(self, object_id: str, frame_idx: int, trust: NDArray[np.uint8]) -> None:
        """Keep a (h, w) uint8 map, losslessly."""
        self._file(object_id, frame_idx).write_bytes(pack_patch(trust))

    def packed(self, object_id: str, frame_idx: int) -> bytes:
        """A map that was put here, as :func:`stages.patches.pack_patch` packs it."""
        return self._file(object_id, frame_idx).read_bytes()

    def _file(self, object_id: str, frame_idx: int) -> Path:
        number = self._numbers.setdefault(object_id, len(self._numbers))  # ids may hold any character
        return self.folder / f"{number}.{frame_idx}.trust"

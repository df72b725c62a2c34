"""An estimate in bytes: what is kept of a propagator's answer, in memory, on disk and in the result alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.backends.propagator import Estimate, to_bytes
from stages.patches import pack_patch, unpack_patch

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityMap:
    """One object on one frame at the working size; rounded to bytes at once, so that spooling loses nothing.

    Attributes:
        probability: (h, w) uint8, 255 for 1.
        trust: (h, w) uint8, 255 for 1.
        quality: trust in the whole, in [0, 1].
    """

    probability: Bytes
    trust: Bytes
    quality: float

    @staticmethod
    def of(estimate: Estimate) -> ProbabilityMap:
        """Round an estimate to bytes."""
        probability = to_bytes(estimate.probability)
        trust = probability if estimate.trust is None else to_bytes(estimate.trust)
        return ProbabilityMap(probability, trust, float(np.clip(estimate.quality, 0.0, 1.0)))


def pack(maps: Mapping[str, ProbabilityMap]) -> dict[str, NDArray[Any]]:
    """Arrays for the spool: maps as patches, in the order of the ids."""
    ids = sorted(maps)
    arrays: dict[str, NDArray[Any]] = {
        "ids": np.array(ids, dtype=np.str_),
        "qualities": np.array([maps[object_id].quality for object_id in ids], dtype=np.float64),
    }
    for number, object_id in enumerate(ids):
        arrays[f"probability_{number}"] = _coded(maps[object_id].probability)
        arrays[f"trust_{number}"] = _coded(maps[object_id].trust)
    return arrays


def unpack(arrays: Mapping[str, NDArray[Any]]) -> dict[str, ProbabilityMap]:
    """Inverse of :func:`pack`, exactly."""
    return {
        str(object_id): ProbabilityMap(
            unpack_patch(arrays[f"probability_{number}"].tobytes()),
            unpack_patch(arrays[f"trust_{number}"].tobytes()),
            float(arrays["qualities"][number]),
        )
        for number, object_id in enumerate(arrays["ids"])
    }


def _coded(values: Bytes) -> Bytes:
    return np.frombuffer(pack_patch(values), dtype=np.uint8)

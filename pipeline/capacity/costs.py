"""What models take: seconds on one core, and bytes as upper bounds, kept in ``costs.json``.

Bytes of the embedded models and the baselines bound peaks of real workers with 1 and 9 objects at 480p and 1080p, and
of a video of 5,000 frames. Those of Segment Anything, Cutie and the SAM 2 family are computed from the sizes of their
tensors.

Without bfloat16 the embedded models take three to four times as long; their seconds were fitted to whole commands (six
videos at 480p, one object) and to steps of 1 and 5 objects.

Seconds on a GPU are of an NVIDIA H200 beside 16 cores: those of ``embedded`` (1 and 5 objects) and ``cutie_small``
(1 object) were fitted to whole commands on 300 frames at 480p, those of Segment Anything and SAM 2.1 to single steps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from stages.backends.trained import PREFIX

FILE = Path(__file__).with_name("costs.json")
Processor = Literal["bfloat16", "float32", "gpu"]
"""What computes: a CPU with fast instructions for bfloat16, one without, or a GPU."""


@dataclass(frozen=True, slots=True)
class ProcessCost:
    """What a run takes whatever its models.

    Attributes:
        start_s: until a worker has loaded its models.
        megapixel_s: to decode a million pixels and put them aside as JPEG.
        command_bytes: of the command itself.
        worker_bytes: of a worker before it has models, and for the smallest of them.
        pixel_bytes: a pixel of the frame.
        object_pixel_bytes: a pixel of the frame and object.
        cuda_bytes: of the CUDA runtime, in main memory and on the GPU alike; not measured.
    """

    start_s: float
    megapixel_s: float
    command_bytes: float
    worker_bytes: float
    pixel_bytes: float
    object_pixel_bytes: float
    cuda_bytes: float


@dataclass(frozen=True, slots=True)
class SegmenterCost:
    """What a segmenter takes.

    Attributes:
        frame_s: a localized frame.
        object_s: a localized object on it.
        model_bytes: weights and working memory.
        pixel_bytes: a pixel of the frame.
    """

    frame_s: float
    object_s: float
    model_bytes: float
    pixel_bytes: float


@dataclass(frozen=True, slots=True)
class PropagatorCost:
    """What a propagator takes; bytes at its own working size.

    Attributes:
        frame_s: to encode a frame.
        object_s: to step an object on a frame.
        unpack_s: to bring a frame back for the way back.
        model_bytes: weights and working memory.
        frame_bytes: a frame in flight.
        object_bytes: a live object.
        memory_bytes: a remembered frame.
        object_memory_bytes: a remembered frame and object.
        packed_bytes: a frame that waits on disk for the way back.
        map_bytes: an object's probabilities on a frame, on disk.
    """

    frame_s: float
    object_s: float
    unpack_s: float
    model_bytes: float
    frame_bytes: float
    object_bytes: float
    memory_bytes: float
    object_memory_bytes: float
    packed_bytes: float
    map_bytes: float


@dataclass(frozen=True, slots=True)
class Costs:
    """All that was measured.

    Attributes:
        machine: on what.
        computed: models whose costs are computed and not measured.
        process: of a run whatever its models.
        segmenters: by name.
        propagators: by name.
    """

    machine: str
    computed: frozenset[str]
    process: ProcessCost
    segmenters: Mapping[str, SegmenterCost]
    propagators: Mapping[str, PropagatorCost]

    def segmenter(self, name: str) -> SegmenterCost:
        """A model's costs; those of the dearest one for a model that was not measured."""
        return self.segmenters.get(_measured(name)) or max(self.segmenters.values(), key=lambda cost: cost.model_bytes)

    def propagator(self, name: str) -> PropagatorCost:
        """A model's costs; those of the dearest one for a model that was not measured."""
        return self.propagators.get(_measured(name)) or max(
            self.propagators.values(), key=lambda cost: cost.model_bytes
        )

    def unmeasured(self, segmenter: str, propagator: str) -> list[str]:
        """Those of the two that nobody measured."""
        measured = {*self.segmenters, *self.propagators} - self.computed
        return sorted({name for name in (segmenter, propagator) if _measured(name) not in measured})


def _measured(name: str) -> str:
    """The measured model that stands for one with other weights."""
    return "embedded" if name.startswith(PREFIX) else name


@cache
def load_costs(processor: Processor = "bfloat16") -> Costs:
    """The costs that come with the package; of models on a GPU, the bytes are those of main memory."""
    values: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    own: dict[str, Any] = values.get(processor, {})
    segmenters, propagators = (_updated(values[kind], own.get(kind, {})) for kind in ("segmenters", "propagators"))
    return Costs(
        own.get("machine", values["machine"]),
        frozenset(own.get("computed", values["computed"])),
        ProcessCost(**values["process"] | own.get("process", {})),
        {name: SegmenterCost(**cost) for name, cost in segmenters.items()},
        {name: PropagatorCost(**cost) for name, cost in propagators.items()},
    )


def _updated(costs: Mapping[str, dict[str, Any]], seconds: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Costs of each model, with the seconds that it takes on another processor in place of those that it had."""
    return {name: cost | seconds.get(name, {}) for name, cost in costs.items()}

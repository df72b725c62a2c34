"""The models of a run, each loaded once in every process that works on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pipeline.config import RunConfig
from stages.backends.handlers import SharedModel
from stages.backends.localizer import Localizer
from stages.backends.localizers import load_localizer
from stages.backends.propagator import Propagator
from stages.backends.propagators import load_propagator
from stages.backends.segmenter import Segmenter
from stages.backends.segmenters import load_segmenter


@dataclass(frozen=True, slots=True)
class SharedModels:
    """What the stages of ``annotate`` work with; nothing is loaded before a worker asks for it.

    Attributes:
        localizer: finds places for words.
        segmenter: draws masks on localized frames, and repairs propagated ones.
        propagator: carries masks to the other frames.
    """

    localizer: SharedModel[Localizer]
    segmenter: SharedModel[Segmenter]
    propagator: SharedModel[Propagator]

    @classmethod
    def of(cls, config: RunConfig) -> SharedModels:
        """The models that a configuration names, on its device and with its threads."""
        models, device, threads = config.models, config.compute.device, config.compute.n_threads
        return cls(
            SharedModel(partial(load_localizer, models.localizer, device)),
            SharedModel(partial(load_segmenter, models.segmenter, device, threads)),
            SharedModel(partial(load_propagator, models.propagator, device, threads, models.limits)),
        )

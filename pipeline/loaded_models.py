"""The models of a run, loaded once a process."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.config import RunConfig
from stages.localize.backends.base import Localizer
from stages.localize.backends.registry import load_localizer
from stages.localize.searching import Search
from stages.propagate.backends.base import Propagator
from stages.propagate.backends.registry import load_propagator
from stages.segment.backends.base import Segmenter
from stages.segment.backends.registry import load_segmenter


@dataclass(slots=True)
class LoadedModels:
    """Backends that are ready to use; the localizer is loaded when words come up."""

    config: RunConfig
    segmenter: Segmenter
    propagator: Propagator
    localizer: Localizer | None = None

    @classmethod
    def load(cls, config: RunConfig) -> LoadedModels:
        """Load the models that the config names."""
        models, compute = config.models, config.compute
        segmenter = load_segmenter(models.segmenter, compute.device, compute.threads)
        propagator = load_propagator(models.propagator, compute.device, compute.threads, models.limits)
        return cls(config, segmenter, propagator)

    def search(self) -> Search:
        """A search through one video."""
        if self.localizer is None:
            self.localizer = load_localizer(self.config.models.localizer, device=self.config.compute.device)
        return Search(self.localizer)

"""Propagators by name. A model's packages are imported when it is loaded, not before."""

from __future__ import annotations

from pathlib import Path

from stages.backends.cutie.limits import NO_LIMITS, Limits
from stages.backends.families import SAM2_FAMILY
from stages.backends.plugins import PROPAGATOR_GROUP, load_plugin, plugin_names
from stages.backends.propagator import Propagator
from stages.backends.trained import weights_of

PROPAGATORS = ("embedded", "embedded_fast", "flow", "cutie_base", "cutie_small", *SAM2_FAMILY)
"""Names that :func:`load_propagator` knows by itself, the default first; other packages may bring more."""


def propagator_names() -> tuple[str, ...]:
    """All names that :func:`load_propagator` knows, those of other packages last."""
    return (*PROPAGATORS, *plugin_names(PROPAGATOR_GROUP))


def load_propagator(name: str, device: str = "auto", threads: int = 1, limits: Limits = NO_LIMITS) -> Propagator:
    """Load a propagator; nothing is downloaded.

    Args:
        name: one of :func:`propagator_names`, or ``trained:FILE``.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:<n>``.
        threads: objects of a frame that may be worked on at once, where the model can; it changes no result.
        limits: for Cutie; the other models have none.

    Raises:
        ValueError: the name or the device is unknown.
        CheckpointError: the checkpoint that it needs is not in the cache.
    """
    match name:
        case "flow":
            from stages.backends.flow import FlowPropagator

            return FlowPropagator()
        case "embedded" | "embedded_fast":
            import stages.backends.torch_import  # noqa: F401 - before torch
            from stages.backends.embedded.propagator.embedded import load_embedded

            return load_embedded(name, device, threads)
        case "cutie_base" | "cutie_small":
            from stages.backends.cutie.propagator import load_cutie

            return load_cutie(name, device, limits=limits)
        case _ if name in SAM2_FAMILY:
            from stages.backends.sam2.propagator import load_propagator as load_sam2

            return load_sam2(name, device)
        case _ if weights := weights_of(name):
            return _load_trained(name, weights, device, threads)
    plugin: Propagator | None = load_plugin(PROPAGATOR_GROUP, name, device)
    if plugin is None:
        raise ValueError(f"unknown propagator {name!r}; known: {', '.join(propagator_names())}")
    return plugin


def _load_trained(name: str, weights: Path, device: str, threads: int) -> Propagator:
    """A memory network, or the embedded propagator with another click network."""
    from stages.backends.embedded.propagator.embedded import load_embedded
    from stages.backends.memory_network.weights import is_memory_network, load_memory_propagator

    if is_memory_network(weights):
        return load_memory_propagator(name, weights, device)
    return load_embedded(name, device, threads, weights)

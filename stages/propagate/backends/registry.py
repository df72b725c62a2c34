"""Propagators by name. A model's packages are imported when it is loaded, not before."""

from __future__ import annotations

from schemas.checks import require_choice
from stages.propagate.backends.base import Propagator

PROPAGATORS = ("embedded", "embedded_fast", "flow")


def load_propagator(name: str, device: str = "auto") -> Propagator:
    """Load a propagator; nothing is downloaded.

    Args:
        name: one of ``PROPAGATORS``.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:<n>``.

    Raises:
        ValueError: the name or the device is unknown.
    """
    require_choice("propagator", name, PROPAGATORS)
    if name == "flow":
        from stages.propagate.backends.flow import FlowPropagator

        return FlowPropagator()
    from stages.propagate.backends.embedded import load_embedded

    return load_embedded(name, device)

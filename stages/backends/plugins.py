"""Backends that other packages bring by entry point."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

SEGMENTER_GROUP = "pointvos.segmenters"
PROPAGATOR_GROUP = "pointvos.propagators"
LOCALIZER_GROUP = "pointvos.localizers"


class PluginError(ValueError):
    """A backend of another package cannot be loaded; the message names the package's entry point."""


def plugin_names(group: str) -> tuple[str, ...]:
    """Names that the installed packages bring, sorted."""
    return tuple(sorted({entry.name for entry in entry_points(group=group)}))


def load_plugin(group: str, name: str, device: str) -> Any | None:
    """Call the entry point ``name`` with the device; None when no package brings it.

    Raises:
        PluginError: it cannot be imported, or what it makes has another name.
    """
    found = sorted(entry_points(group=group, name=name), key=str)
    return _made(found[0], device) if found else None


def _made(entry: EntryPoint, device: str) -> Any:
    try:
        load = entry.load()
    except (ImportError, AttributeError) as problem:
        raise PluginError(f"{entry.group} {entry.name!r} ({entry.value}) cannot be imported: {problem}") from problem
    backend = load(device)
    if backend.name != entry.name:
        raise PluginError(
            f"{entry.group} {entry.name!r} ({entry.value}) has the name {backend.name!r}; they must agree"
        )
    return backend

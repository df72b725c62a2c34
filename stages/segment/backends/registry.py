"""Segmenters by name; a model's packages are imported only when it is asked for."""

from __future__ import annotations

from stages.segment.backends.base import Segmenter

SEGMENTERS = ("embedded", "embedded_fast", "grabcut")
"""Names that :func:`load_segmenter` knows, the default first."""


def load_segmenter(name: str, device: str = "auto") -> Segmenter:
    """Load a segmenter, ready to use.

    Args:
        name: one of :data:`SEGMENTERS`.
        device: ``auto``, ``cpu`` or ``cuda[:n]``; ignored by segmenters without a network.

    Raises:
        ValueError: no segmenter has this name.

    >>> load_segmenter("grabcut").name
    'grabcut'
    """
    match name:
        case "grabcut":
            from stages.segment.backends.grabcut import GrabCutSegmenter

            return GrabCutSegmenter()
        case "embedded" | "embedded_fast":
            from stages.segment.backends.embedded import load_embedded

            return load_embedded(name, device)
    raise ValueError(f"unknown segmenter {name!r}; known: {', '.join(SEGMENTERS)}")

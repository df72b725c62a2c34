"""Segmenters by name; a model's packages are imported only when it is asked for."""

from __future__ import annotations

from stages.backends.families import SAM2_FAMILY
from stages.backends.plugins import SEGMENTER_GROUP, load_plugin, plugin_names
from stages.backends.segmenter import Segmenter
from stages.backends.trained import weights_of

SEGMENTERS = ("embedded", "embedded_fast", "grabcut", "sam_vit_b", "sam_vit_l", "sam_vit_h", *SAM2_FAMILY)
"""Names that :func:`load_segmenter` knows by itself, the default first; other packages may bring more."""


def segmenter_names() -> tuple[str, ...]:
    """All names that :func:`load_segmenter` knows, those of other packages last."""
    return (*SEGMENTERS, *plugin_names(SEGMENTER_GROUP))


def load_segmenter(name: str, device: str = "auto", threads: int = 1) -> Segmenter:
    """Load a segmenter, ready to use.

    Args:
        name: one of :func:`segmenter_names`, or ``trained:FILE``.
        device: ``auto``, ``cpu`` or ``cuda[:n]``; ignored by segmenters without a network.
        threads: prompts of a frame that may be worked on at once, where the model can; it changes no result.

    Raises:
        ValueError: no segmenter has this name.
        CheckpointError: the checkpoint that it needs is not in the cache; nothing is downloaded.

    >>> load_segmenter("grabcut").name
    'grabcut'
    """
    match name:
        case "grabcut":
            from stages.backends.grabcut import GrabCutSegmenter

            return GrabCutSegmenter()
        case "embedded" | "embedded_fast":
            import stages.backends.torch_import  # noqa: F401 - before torch
            from stages.backends.embedded.segmenter.embedded import load_embedded

            return load_embedded(name, device, threads=threads)
        case "sam_vit_b" | "sam_vit_l" | "sam_vit_h":
            from stages.backends.sam.segmenter import load_sam

            return load_sam(name, device)
        case _ if name in SAM2_FAMILY:
            from stages.backends.sam2.segmenter import load_segmenter as load_sam2

            return load_sam2(name, device)
        case _ if weights := weights_of(name):
            from stages.backends.embedded.segmenter.embedded import load_embedded

            return load_embedded(name, device, threads, weights)
    plugin: Segmenter | None = load_plugin(SEGMENTER_GROUP, name, device)
    if plugin is None:
        raise ValueError(f"unknown segmenter {name!r}; known: {', '.join(segmenter_names())}")
    return plugin

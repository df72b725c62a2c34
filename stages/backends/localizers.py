"""Localizers by name; a model's packages are imported only when it is asked for.

A name may carry the model that a detector runs, an id on the Hugging Face hub or a local folder, behind a colon:
``owlv2:google/owlv2-large-patch14-ensemble``.
"""

from __future__ import annotations

from stages.backends.localizer import Localizer, LocalizerError
from stages.backends.plugins import LOCALIZER_GROUP, load_plugin, plugin_names

LOCALIZERS = ("imagenet", "grounding_dino", "owlv2", "sam3_text")
"""Names that :func:`load_localizer` knows by itself, the default first; other packages may bring more."""
DETECTORS = ("grounding_dino", "owlv2", "sam3_text")
"""Those that need the packages of ``pointvos[video]`` and weights of the Hugging Face hub; they find all instances."""


def localizer_names() -> tuple[str, ...]:
    """All names that :func:`load_localizer` knows, those of other packages last."""
    return (*LOCALIZERS, *plugin_names(LOCALIZER_GROUP))


def split_name(name: str) -> tuple[str, str]:
    """A localizer's name and the model behind the colon, if any.

    Raises:
        ValueError: no localizer has this name, or it takes no model.

    >>> split_name("owlv2:models/owl")
    ('owlv2', 'models/owl')
    """
    base, colon, model = name.partition(":")
    if base not in localizer_names():
        raise ValueError(f"unknown localizer {base!r}; known: {', '.join(localizer_names())}")
    if colon and (base not in DETECTORS or not model):
        raise ValueError(f"localizer {name!r}: only {', '.join(DETECTORS)} take a model, as in owlv2:folder")
    return base, model


def require_localizer(name: str, every: bool = False) -> None:
    """Make sure that a localizer can be loaded here, without loading it.

    Args:
        name: one of :func:`localizer_names`, maybe with a model.
        every: it must find every instance, not just the one that is meant.

    Raises:
        ValueError: no localizer has this name.
        LocalizerError: its packages or its weights are missing, or it finds one instance only.
    """
    base, model = split_name(name)
    if every and base == "imagenet":
        raise LocalizerError(
            f"localizer {name!r} finds one object an expression, and all instances are asked for; "
            f"choose one of {', '.join(DETECTORS)} with --localizer"
        )
    if base in DETECTORS:
        from stages.backends.detectors import require_detector

        require_detector(base, model)


def load_localizer(name: str, device: str = "auto") -> Localizer:
    """Load a localizer, ready to use; nothing is downloaded.

    Args:
        name: one of :func:`localizer_names`, maybe with a model.
        device: ``auto``, ``cpu`` or ``cuda[:n]``.

    Raises:
        ValueError: no localizer has this name.
        LocalizerError: its packages or its weights are missing.
    """
    base, model = split_name(name)
    match base:
        case "imagenet":
            from stages.backends.embedded.localizer import load_imagenet

            return load_imagenet(device)
        case "grounding_dino" | "owlv2" | "sam3_text":
            from stages.backends.detectors import load_detector

            return load_detector(base, model, device)
    plugin: Localizer | None = load_plugin(LOCALIZER_GROUP, base, device)
    if plugin is None:
        raise ValueError(f"unknown localizer {base!r}; known: {', '.join(localizer_names())}")
    return plugin

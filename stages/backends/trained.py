"""Models by a file of weights: ``trained:FILE`` is the embedded model with weights of ``pointvos train segmenter``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from schemas.checks import require_choice

PREFIX = "trained:"


def weights_of(name: str) -> Path | None:
    """The file that a name gives, or None when it names a model of the registry.

    >>> weights_of("trained:own.pt"), weights_of("embedded")
    (PosixPath('own.pt'), None)
    """
    return Path(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None


def require_model(what: str, name: str, names: Sequence[str]) -> None:
    """Make sure that a model is known, or that the file of its weights is there.

    Args:
        what: the kind of model, for messages.
        name: as it was given.
        names: of the registry.

    Raises:
        ValueError: it is neither; the message says what is.
    """
    weights = weights_of(name)
    if weights is None:
        require_choice(what, name, (*names, f"{PREFIX}FILE"))
    elif not weights.is_file():
        raise ValueError(f"{what} {name!r}: there is no file {weights}; make one with: pointvos train segmenter")

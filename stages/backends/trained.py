"""Models by a file of weights: ``trained:FILE`` holds what ``pointvos train`` made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from zipfile import is_zipfile

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
        raise ValueError(f"{what} {name!r}: there is no file {weights}; make one with: pointvos train {what}")
    elif not is_zipfile(weights):  # what the file holds is seen when it is loaded
        raise ValueError(f"{what} {name!r}: {weights} holds no weights; make them with: pointvos train {what}")


def content_of(name: str) -> str:
    """What identifies a model whatever its file is called: its name, or ``trained:`` and 16 hex digits of the content.

    >>> content_of("embedded")
    'embedded'
    """
    weights = weights_of(name)
    if weights is None or not weights.is_file():
        return name
    facts = weights.stat()
    return PREFIX + _digest(weights.absolute(), facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=8)
def _digest(weights: Path, _mtime_ns: int, _size: int) -> str:
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]

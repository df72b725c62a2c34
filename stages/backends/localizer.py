"""The seam between the localize stage and its models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from schemas.checks import require_text, require_unit
from schemas.localizations import Box, Clicks, Expression


class LocalizerError(ValueError):
    """A localizer cannot be used on this machine; the message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where an object is.

    Attributes:
        hint: a click or a box, in pixels of the image.
        score: trust in [0, 1]; comparable between the frames of one video.
        what: what the model saw there, in a word or two.
    """

    hint: Clicks | Box
    score: float
    what: str

    def __post_init__(self) -> None:
        require_unit("score", self.score)


@dataclass(frozen=True, slots=True)
class NotLocated:
    """Why the object was not located.

    Attributes:
        error: ``no_class`` (the model knows nothing of that name) or ``not_seen`` (it is not on this image).
        detail: a sentence that names the words and says what to do.
    """

    error: str
    detail: str

    def __post_init__(self) -> None:
        require_text("error", self.error)


class Localizer(Protocol):
    """A model that finds what words mean, loaded and ready. It holds no state of an image or a video."""

    name: str
    """Registry key; it goes into the rule of every localization that the model made."""

    def locate(self, image: NDArray[np.uint8], expressions: Sequence[Expression]) -> list[Located | NotLocated]:
        """Look for all expressions on one frame; the image is encoded once where the model allows it.

        Args:
            image: (H, W, 3) uint8 RGB.
            expressions: at least one; one an object.

        Returns:
            One answer an expression, in order.
        """
        ...


@runtime_checkable
class InstanceLocalizer(Localizer, Protocol):
    """A localizer that also finds every instance of what words mean."""

    def locate_all(self, image: NDArray[np.uint8], expressions: Sequence[Expression]) -> list[list[Located]]:
        """Look for every instance of all expressions on one frame.

        Args:
            image: (H, W, 3) uint8 RGB.
            expressions: at least one.

        Returns:
            By expression, in order, the instances, the surest first; none lies on another of the same expression.
        """
        ...

"""``imagenet``: what an expression's noun means among the 1,000 ImageNet classes, and where that class is seen most.

The classifier of the embedded backbone is applied to every cell of its last map instead of to their mean: a class
activation map without any training. It tells classes apart, not two things of one class; and ImageNet knows animals,
vehicles and objects, but no people. Class names: torchvision's.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Clicks, Expression
from stages.backends.embedded.classes import ClassWords, Sense
from stages.backends.embedded.features.backbone import CLASSES, Backbone, load_backbone
from stages.backends.embedded.features.grids import FAST_PIXELS, FULL_PIXELS, working_grid
from stages.backends.localizer import Located, NotLocated
from stages.resize import resize

Map = NDArray[np.float32]
SCALES = (FAST_PIXELS, FULL_PIXELS)
"""Working sizes; the maps of both are averaged, so that things of more sizes are seen and the peak is finer."""
SEEN = 0.5
"""Least score of an object that is there."""
PRIOR = 0.01
"""How likely an expression's class is in a cell before looking. Without it, the 118 dogs together would be likely in
every cell that shows nothing of the kind, by their number alone."""
_MAP_STRIDE = 8
_BLUR_PX = 28.0
_FINEST = 1e-6


def load_imagenet(device: str = "auto") -> ImagenetLocalizer:
    """Load the network and the names of its classes; nothing is downloaded."""
    from torchvision.models import EfficientNet_B0_Weights

    words = ClassWords(EfficientNet_B0_Weights.DEFAULT.meta["categories"])
    return ImagenetLocalizer(load_backbone(device), words)


class ImagenetLocalizer:
    """See the module; stateless, safe to call from several threads."""

    name = "imagenet"

    def __init__(self, backbone: Backbone, words: ClassWords) -> None:
        self._backbone = backbone
        self._words = words

    def locate(self, image: NDArray[np.uint8], expressions: Sequence[Expression]) -> list[Located | NotLocated]:
        """See :meth:`stages.backends.localizer.Localizer.locate`."""
        senses = [self._words.sense(expression.texts) for expression in expressions]
        known = any(sense.classes for sense in senses)
        posteriors = [self._posterior(image, pixels) for pixels in SCALES] if known else []
        return [
            self._located(image, posteriors, sense) if sense.classes else _no_class(expression, sense)
            for expression, sense in zip(expressions, senses, strict=True)
        ]

    def _posterior(self, image: NDArray[np.uint8], pixels: int) -> Map:
        """(rows, columns, 1000) float32: which class every cell shows."""
        grid = working_grid(image.shape[0], image.shape[1], pixels)
        head = self._backbone.head(self._backbone.features(image, grid, ["b15"])["b15"])
        return np.asarray(self._backbone.class_logits(head).softmax(dim=-1).cpu().numpy(), dtype=np.float32)

    def _located(self, image: NDArray[np.uint8], posteriors: Sequence[Map], sense: Sense) -> Located | NotLocated:
        heat = class_heat(posteriors, sense.classes, *image.shape[:2])
        row, column = np.unravel_index(int(heat.argmax()), heat.shape)
        height, width = image.shape[:2]
        x, y = (column + 0.5) * width / heat.shape[1] - 0.5, (row + 0.5) * height / heat.shape[0] - 0.5
        score = rebalanced(float(heat[row, column]), len(sense.classes))
        what = self._words.names[_strongest(posteriors[-1], sense.classes, x / width, y / height)]
        if score < SEEN:
            detail = f"{sense.noun!r} was not found (at best {what} with {score:.2f}, needed {SEEN})"
            return NotLocated("not_seen", detail)
        return Located(Clicks(((round(x, 1), round(y, 1)),), (1,)), round(score, 4), what)


def class_heat(posteriors: Sequence[Map], classes: Sequence[int], height: int, width: int) -> Map:
    """How likely the classes are, all scales together, smoothed.

    Args:
        posteriors: (rows, columns, 1000) float32 of one image, one a scale.
        classes: class numbers.
        height: the image's height in pixels.
        width: the image's width in pixels.

    Returns:
        (H', W') float32 in [0, 1] over the whole image, cells of about 8 pixels of the largest working size.
    """
    grid = working_grid(height, width, max(SCALES))
    rows, columns = grid.shape(_MAP_STRIDE)
    heat = np.zeros((rows, columns), dtype=np.float32)
    for posterior in posteriors:
        likely = np.ascontiguousarray(posterior[..., list(classes)].sum(axis=-1))
        heat += resize(likely, (rows, columns), cv2.INTER_LINEAR) / len(posteriors)
    return np.asarray(cv2.GaussianBlur(heat, (0, 0), _BLUR_PX / _MAP_STRIDE, borderType=cv2.BORDER_REPLICATE))


def rebalanced(probability: float, n_classes: int) -> float:
    """A probability of ``n_classes`` classes together, as it were if all of them had the prior ``PRIOR``.

    >>> round(rebalanced(0.118, 118), 4), round(rebalanced(0.118, 1), 3)
    (0.01, 0.574)
    """
    probability = min(max(probability, _FINEST), 1 - _FINEST)
    share = n_classes / CLASSES
    odds = probability / (1 - probability) * (PRIOR / (1 - PRIOR)) / (share / (1 - share))
    return odds / (1 + odds)


def _strongest(posterior: Map, classes: Sequence[int], x_norm: float, y_norm: float) -> int:
    rows, columns = posterior.shape[:2]
    row, column = min(max(int(y_norm * rows), 0), rows - 1), min(max(int(x_norm * columns), 0), columns - 1)
    return int(classes[int(posterior[row, column, list(classes)].argmax())])


def _no_class(expression: Expression, sense: Sense) -> NotLocated:
    near = f"; similar classes: {', '.join(sense.near)}" if sense.near else ""
    what = f"{sense.noun!r} is not one of the 1,000 ImageNet classes" if sense.noun else "it names nothing"
    detail = f"{' / '.join(map(repr, expression.texts))}: {what}{near}; give a click, or choose another --localizer"
    return NotLocated("no_class", detail)

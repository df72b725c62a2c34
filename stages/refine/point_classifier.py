"""What an object looks like, learned from its verified points: a linear classifier for this object in this video.

Points of all frames count together, so a part of the object or of the background that was verified on one frame is
recognised on another. The classifier knows no shapes, but it errs in other ways than a segmenter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.backends.describer import Description

Map = NDArray[np.float32]
_STRENGTH, _BIAS_STRENGTH = 1e-2, 1e-6
"""Ridge strength a point, for descriptions of a squared length of about 3; the bias is hardly regularised."""
_LEAST = 5
"""Nothing is learned from fewer points than this on the object, or off it."""
_FOLDS = 8
"""Of cross-validation over frames."""


@dataclass(frozen=True, slots=True, eq=False)
class ObjectLikelihood:
    """How much the pixels of a frame look like an object.

    Attributes:
        probability: (H, W) float32 in [0, 1].
        trust: of the classifier, see :class:`PointClassifier`.
    """

    probability: Map
    trust: float


@dataclass(frozen=True, slots=True, eq=False)
class PointClassifier:
    """A linear classifier of descriptions.

    Attributes:
        weights: (d + 1,) float32, the bias last; scores are about +1 on the object and -1 off it.
        trust: in [0, 1], from its balanced accuracy on frames that it has not learned from: 0 is chance, 1 is perfect.
    """

    weights: Map
    trust: float

    def likelihood(self, description: Description) -> ObjectLikelihood:
        """How much the pixels of a frame look like the object."""
        scores = description.scores(self.weights)
        return ObjectLikelihood(np.clip(0.5 + 0.5 * scores, 0, 1).astype(np.float32), self.trust)


def learn(features: Map, labels: NDArray[np.int64], frames: NDArray[np.int64]) -> PointClassifier | None:
    """Learn from verified points of one object; None where there are too few, or all are on one frame.

    Args:
        features: (N, d) float32, descriptions of the points.
        labels: (N,) 1 on the object, 0 off it.
        frames: (N,) frame indices.
    """
    n_on = np.count_nonzero(labels)
    if min(n_on, len(labels) - n_on) < _LEAST or len(np.unique(frames)) < 2:
        return None
    return PointClassifier(_ridge(features, labels).astype(np.float32), _trust(features, labels, frames))


def _trust(features: Map, labels: NDArray[np.int64], frames: NDArray[np.int64]) -> float:
    fold_of = np.unique(frames, return_inverse=True)[1] % _FOLDS
    is_right = np.zeros(len(labels), dtype=bool)
    for fold in np.unique(fold_of):
        here = fold_of == fold
        if len(np.unique(labels[~here])) == 2:  # else there is nothing to learn from, and all here counts as wrong
            weights = _ridge(features[~here], labels[~here])
            is_right[here] = (features[here] @ weights[:-1] + weights[-1] > 0) == labels[here]
    return max(0.0, float(is_right[labels == 1].mean() + is_right[labels == 0].mean() - 1))


def _ridge(features: Map, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights (d + 1,); both labels count the same, however many points have them."""
    extended = np.concatenate([features, np.ones((len(features), 1))], axis=1, dtype=np.float64)
    weighted = extended.T * (0.5 / np.where(labels == 1, labels.mean(), 1 - labels.mean()))
    strengths = np.full(len(weighted), _STRENGTH * len(features))
    strengths[-1] = _BIAS_STRENGTH
    found: NDArray[np.float64] = np.linalg.solve(weighted @ extended + np.diag(strengths), weighted @ (2 * labels - 1))
    return found

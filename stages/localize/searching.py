"""Looking for the objects of one video that only words tell of.

A video streams by once, so a frame cannot wait until a better one has come. An object is looked for on a few frames
spread over the video, the first frame among them, and is taken on every one on which it is seen more clearly than on
all before. So it has a place from the first frame on which it is seen, and a better one where there is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Expression, Hint, Localization
from schemas.rejects import Reject
from stages.backends.localizer import Localizer, Located, NotLocated

STAGE = "localize"
LOOKS = 5
"""Frames that an object is looked for on, when its expression names none."""


def frames_to_search(localization: Localization, n_frames: int) -> tuple[int, ...]:
    """Where to look for the object of an expression, ascending.

    Args:
        localization: its hint is an expression.
        n_frames: about how many frames the video has; 0 when that is not known: then only the first one is taken.
    """
    if not isinstance(localization.hint, Expression) or not localization.hint.anywhere:
        return (localization.frame_idx,)
    return tuple(sorted({i * n_frames // LOOKS for i in range(LOOKS)}))


@dataclass(slots=True)
class Search:
    """The search through one video.

    Attributes:
        localizer: the model.
        best: by object, the best score so far.
        failures: by object that was not found yet, the localization and the last answer.
    """

    localizer: Localizer
    best: dict[str, float] = field(default_factory=dict)
    failures: dict[str, tuple[Localization, NotLocated]] = field(default_factory=dict)

    def search_frame(
        self, image: NDArray[np.uint8], frame_idx: int, localizations: Sequence[Localization]
    ) -> list[Localization]:
        """Look on one frame.

        Args:
            image: (H, W, 3) uint8 RGB.
            frame_idx: its index; frames come in order.
            localizations: what to look for here; the hints are expressions.

        Returns:
            Localizations with a place, on this frame, for the objects that are seen more clearly than before. They
            keep the words; their rule says what the model saw and how surely, e.g. ``imagenet: Cardigan 0.71``.
        """
        asked = [(one, one.hint) for one in localizations if isinstance(one.hint, Expression)]
        answers = self.localizer.locate(image, [hint for _, hint in asked]) if asked else []
        found = []
        for (one, _), answer in zip(asked, _told_apart(asked, answers), strict=True):
            if isinstance(answer, NotLocated):
                self._fail(one, answer)
            elif answer.score > self.best.get(one.object_id, -1.0):
                self.best[one.object_id] = answer.score
                self.failures.pop(one.object_id, None)
                rule = f"{self.localizer.name}: {answer.what} {answer.score:.2f}"
                found.append(replace(one, frame_idx=frame_idx, hint=answer.hint, rule=rule))
        return found

    def rejects(self) -> list[Reject]:
        """The objects that were looked for and never found."""
        return [
            Reject(STAGE, f"{one.video_id}/{one.object_id}", answer.error, answer.detail, one.input_uri)
            for one, answer in self.failures.values()
        ]

    def _fail(self, one: Localization, answer: NotLocated) -> None:
        if one.object_id not in self.best:
            self.failures[one.object_id] = (one, answer)


def _told_apart(
    asked: Sequence[tuple[Localization, Expression]], answers: Sequence[Located | NotLocated]
) -> list[Located | NotLocated]:
    """The answers, but none for objects of which the localizer sees two in one and the same place."""
    at: dict[Hint, list[Localization]] = defaultdict(list)
    for (one, _), answer in zip(asked, answers, strict=True):
        if isinstance(answer, Located):
            at[answer.hint].append(one)
    return [
        _alike(at[answer.hint]) if isinstance(answer, Located) and len(at[answer.hint]) > 1 else answer
        for answer in answers
    ]


def _alike(ones: Sequence[Localization]) -> NotLocated:
    names = ", ".join(f"{one.object_id} ({one.expression})" for one in ones)
    return NotLocated("not_distinct", f"objects {names} were located at the same place; give clicks for them")

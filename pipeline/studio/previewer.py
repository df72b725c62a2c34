"""Masks of what a person has just drawn: the production code for one frame, without asking anything twice."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Localization
from schemas.masks import encode_rle
from schemas.object_masks import ObjectMask
from schemas.prompts import Prompt
from schemas.rejects import Reject
from stages.backends.segmenter import Segment, Segmenter
from stages.propagate.soft_aggregation import disjoint
from stages.segment.segment_frame import segment_frame
from verification_ui.studio.records import PageMask, Preview

Image = NDArray[np.uint8]
_MOST_ANSWERS = 200


@dataclass
class Previewer:
    """Answers clicks, one at a time.

    Attributes:
        segmenter: the run's.
    """

    segmenter: Segmenter
    _answers: OrderedDict[tuple[object, ...], Segment] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """Of the segmenter."""
        return self.segmenter.name

    def draw(
        self,
        key: tuple[str, int],
        image: Image,
        localizations: Sequence[Localization],
        rejects: Sequence[Reject],
        only: str = "",
    ) -> Preview:
        """The masks of one frame's hints, as ``annotate`` would draw them; those of all objects share no pixel.

        Args:
            key: (video_id, frame_idx) of the image.
            image: (H, W, 3) uint8 RGB.
            localizations: of the frame.
            rejects: hints that could not be read.
            only: the object that is asked about, while the hints of the others count against it; empty for all.
        """
        own = [one for one in localizations if one.object_id == only or not only]
        beside = [one for one in localizations if one.object_id != only and only]
        start = time.monotonic()
        with self._lock:
            found, failed = segment_frame(_Asked(self, key), image, own, beside)
        if not only:
            found = {one: mask for one, mask in disjoint(found).items() if mask.mask.any()}
        masks = tuple(page_mask(object_id, key[1], segmented) for object_id, segmented in found.items())
        problems = {_object_of(reject): reject.detail for reject in (*rejects, *failed)}
        return Preview(key[1], masks, problems, 1000 * (time.monotonic() - start))

    @contextmanager
    def alone(self) -> Iterator[Segmenter]:
        """The segmenter, while nobody else asks it."""
        with self._lock:
            yield self.segmenter

    def answer(self, key: tuple[str, int], image: Image, prompts: Sequence[Prompt]) -> list[Segment]:
        """Answers to prompts; those that were given before are remembered."""
        keys = [(key, *_content(prompt)) for prompt in prompts]
        fresh = [number for number, one in enumerate(keys) if one not in self._answers]
        if fresh:
            segments = self.segmenter.segment(image, [prompts[number] for number in fresh])
            self._answers.update(zip((keys[number] for number in fresh), segments, strict=True))
        found = [self._answers[one] for one in keys]
        while len(self._answers) > _MOST_ANSWERS:
            self._answers.popitem(last=False)
        return found


@dataclass
class _Asked:
    """The segmenter as ``segment_frame`` sees it, for one frame."""

    previewer: Previewer
    key: tuple[str, int]

    @property
    def name(self) -> str:
        return self.previewer.segmenter.name

    @name.setter
    def name(self, name: str) -> None:
        raise AttributeError("a segmenter keeps its name")

    def segment(self, image: Image, prompts: Sequence[Prompt]) -> list[Segment]:
        return self.previewer.answer(self.key, image, prompts)


def page_mask(object_id: str, frame_idx: int, segmented: ObjectMask) -> PageMask:
    """A mask for the page."""
    return PageMask(object_id, frame_idx, encode_rle(segmented.mask), segmented.quality, segmented.source)


def _object_of(reject: Reject) -> str:
    """The object that a reject of a frame is about: its key is ``video/object`` or ``video/object@frame``."""
    name, _, frame = reject.key.rpartition("@")
    return (name if frame.isdecimal() and name else reject.key).rpartition("/")[2]


def _content(prompt: Prompt) -> tuple[object, ...]:
    arrays = (prompt.points_px, prompt.labels, prompt.support_px, prompt.box_xyxy_px, prompt.fence_xyxy_px, prompt.mask)
    return (prompt.object_id, prompt.kind, *(None if one is None else (one.shape, one.tobytes()) for one in arrays))

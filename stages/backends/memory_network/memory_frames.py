"""Which frames an object remembers, however long its video is."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

ANCHORS, RECENT, EVERY = 2, 3, 5
"""An object remembers its first and its latest anchors, the latest of every fifth frame, and the frame before."""


@dataclass(slots=True, eq=False)
class MemoryFrames:
    """Of one object: (V, M) values on frames by their numbers."""

    anchors: dict[int, Tensor] = field(default_factory=dict)
    recent: dict[int, Tensor] = field(default_factory=dict)

    def values(self) -> dict[int, Tensor]:
        """What is remembered, in the order of frames."""
        return dict(sorted({**self.recent, **self.anchors}.items()))

    def anchor(self, number: int, values: Tensor) -> None:
        """Take what is known of a frame as the truth; the first and the latest such frames are kept."""
        self.anchors[number] = values
        self.recent.pop(number, None)
        while len(self.anchors) > ANCHORS:
            del self.anchors[sorted(self.anchors)[1]]

    def pass_on(self, number: int, values: Tensor) -> None:
        """Take what was found on a frame; the frame before it is forgotten, but for every fifth."""
        last = max(self.recent, default=None)
        if last is not None and last % EVERY:
            del self.recent[last]
        self.recent[number] = values
        while len(self.recent) > RECENT:
            del self.recent[min(self.recent)]

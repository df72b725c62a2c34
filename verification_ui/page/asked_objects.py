"""What the annotator is told about an object: its name, its expression, and where it was localized."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

ObjectKey = tuple[str, str]
"""(video_id, object_id)"""


@dataclass(frozen=True, slots=True)
class AskedObject:
    """One object of one video, as people know it.

    Attributes:
        name: a class or short name, may be empty.
        expression: the words that refer to it, may be empty.
        anchor_frames: 0-based decode indices of the frames that it was localized on, ascending.
    """

    name: str = ""
    expression: str = ""
    anchor_frames: tuple[int, ...] = ()

    def title(self, object_id: str) -> str:
        """How a question calls it: the expression, else the name, else its id.

        >>> AskedObject(name="dog").title("1"), AskedObject().title("1")
        ('dog', 'object 1')
        """
        return self.expression or self.name or f"object {object_id}"

    def anchor_near(self, frame_idx: int) -> int | None:
        """The localized frame that is nearest to ``frame_idx`` (the earlier of two), None without any."""
        return min(self.anchor_frames, key=lambda anchor: (abs(anchor - frame_idx), anchor), default=None)


def asked_objects(localizations: pa.Table) -> Mapping[ObjectKey, AskedObject]:
    """All objects of a ``localizations`` table; the first non-empty name and expression count."""
    columns = ("video_id", "object_id", "frame_idx", "object_name", "expression")
    found: dict[ObjectKey, tuple[str, str, set[int]]] = {}
    for video_id, object_id, frame_idx, name, expression in zip(
        *(localizations[column].to_pylist() for column in columns), strict=True
    ):
        old_name, old_expression, frames = found.setdefault((video_id, object_id), ("", "", set()))
        frames.add(frame_idx)
        found[video_id, object_id] = (old_name or name, old_expression or expression, frames)
    return {key: AskedObject(name, words, tuple(sorted(frames))) for key, (name, words, frames) in found.items()}

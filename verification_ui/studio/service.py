"""The protocol between the studio's page and the code that works on a run."""

from __future__ import annotations

from typing import Protocol

from verification_ui.studio.records import Hint, PageMask, Preview, SuggestedFrame, VideoCard, VideoView


class StudioService(Protocol):
    """Does what the page asks. Calls come from several threads; each raises ``Refusal`` for what cannot be done."""

    def videos(self) -> list[VideoCard]:
        """All videos, in order."""
        ...

    def thumbnail(self, number: int) -> bytes:
        """A small JPEG of a video's first frame."""
        ...

    def open(self, number: int) -> VideoView:
        """Begin to work on a video: its frames are made ready."""
        ...

    def frame(self, number: int, frame_idx: int, is_full: bool) -> bytes:
        """JPEG of one frame, at the page's size or at the video's own."""
        ...

    def preview(self, number: int, frame_idx: int) -> Preview:
        """The masks of a frame's hints; the frame is made ready for clicks."""
        ...

    def hint(self, number: int, hint: Hint) -> Preview:
        """Keep what was drawn on an object and a frame, replacing the earlier hint, and draw its mask.

        The masks of the others on the frame may change with it; :meth:`preview` gives them.
        """
        ...

    def rename(self, number: int, object_id: str, name: str) -> None:
        """Give an object a name."""
        ...

    def delete(self, number: int, object_id: str) -> None:
        """Remove an object."""
        ...

    def plan(self, number: int) -> float:
        """Seconds that tracking a video will take; 0 while that is not known."""
        ...

    def track(self, number: int) -> None:
        """Begin to make the masks of all frames, in the background."""
        ...

    def pause(self, is_paused: bool) -> None:
        """Hold the work in the worker, or go on."""
        ...

    def stop(self) -> None:
        """End the work in the background; nothing of it is kept."""
        ...

    def masks(self, number: int, start: int, stop: int, at_round: int | None) -> list[PageMask]:
        """Masks of frames ``start`` to ``stop - 1``, of the present state or as they were after ``at_round``."""
        ...

    def correct(self, number: int, hint: Hint) -> Preview:
        """Keep corrections of a tracked mask, and draw what they make of it; nothing is propagated yet."""
        ...

    def toggle_mark(self, number: int, object_id: str, frame_idx: int, kind: str) -> None:
        """Mark an object as ``absent`` on a frame, or ``lock`` its mask there; the same call again removes the mark."""
        ...

    def refine(self, number: int) -> None:
        """Begin the round of all pending corrections, in the background."""
        ...

    def undo(self, number: int) -> None:
        """Take back the last round."""
        ...

    def suggest_next(self, number: int, after: int) -> SuggestedFrame | None:
        """The frame most worth checking, not at frame ``after``; None when nothing is in doubt."""
        ...

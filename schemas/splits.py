"""Which part of the dataset a video belongs to, and what its pictures look like."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_choice, require_text

SPLITS = ("train", "val", "test")
RULES = ("hash", "list", "group")


@dataclass(frozen=True, slots=True)
class VideoSplit:
    """The split of one video.

    Attributes:
        video_id: the video.
        split: one of SPLITS.
        group: smallest id of the videos that must not be parted from it; its own where it is alone.
        rule: how it came there: ``hash``: drawn by the seed; ``list``: an official list said so; ``group``: its group
            was there.
        alike: ids of the videos that it was directly found to be alike.
    """

    video_id: str
    split: str
    group: str
    rule: str
    alike: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_text("video_id", self.video_id)
        require_choice("split", self.split, SPLITS)
        require_choice("rule", self.rule, RULES)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is remembered of the pictures of one video, to find others that show the same.

    Attributes:
        video_id: the video.
        sha256: of the video file, or of the frame files one after the other; empty where it could not be read.
        frames: 16 bytes for each remembered frame: its hash.
        views: 16 bytes for each view of a few of these frames, frame after frame: hashes of cut-outs, whole first.
        is_of_source: made from the video; else from the frames that the run keeps.
    """

    video_id: str
    sha256: str
    frames: bytes
    views: bytes
    is_of_source: bool = True

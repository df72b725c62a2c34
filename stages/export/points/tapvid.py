"""TAP-Vid: tracks of points and the pictures of their video, in a pickle a split.

``<split>.pkl`` is a dict ``{video: entry}``. An entry has what TAP-Vid's readers take: ``video`` (T, H, W, 3) uint8,
``points`` (N, T, 2) float32, x first, in [0, 1] of the frame, and ``occluded`` (N, T) bool; and beside it, for every
track, ``object_ids`` and ``verified_frames``, the frame on which people confirmed it. Tracks are the verified points on
objects that persist (:mod:`stages.export.points.tracks`). Pictures are scaled to 256 pixels on the shorter side, as
readers scale them to 256 x 256.

Source: https://github.com/google-deepmind/tapnet, data format of TAP-Vid DAVIS
"""

from __future__ import annotations

import io
import pickle
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.natural_order import natural_order
from schemas.points import PointLabel
from schemas.ranges import VideoTables
from schemas.splits import SPLITS
from schemas.video_files import VideoFile
from schemas.whole_files import whole_file
from stages.export.point_folder import ExportedPoints
from stages.export.points.tracks import follow
from stages.export.target import ExportTarget
from stages.resize import resize
from stages.video import DecodeError, Opener, open_video

SHORTER_SIDE_PX = 256
_PARTS = ".parts"
_PROTOCOL = 3
"""Of pickles: the last one without frames, whose values can be joined byte by byte."""
_MOST_BYTES = (1 << 32) - 1
"""Of an array, in that protocol."""


@dataclass(frozen=True, slots=True)
class TapVidFolder:
    """The folder of one export.

    Attributes:
        target: of the export.
        opener: opens videos.
    """

    target: ExportTarget
    opener: Opener

    def write(self, number: int, videos: Iterable[VideoTables]) -> ExportedPoints:
        """Write the tracks of a range of videos, a part a video."""
        n_videos, n_objects, n_tracks = (Counter(dict.fromkeys(SPLITS, 0)) for _ in range(3))
        problems: dict[str, list[str]] = {split: [] for split in SPLITS}
        names: dict[str, str] = {}
        n_left_out = 0
        for place, found in enumerate(videos):
            points = starting_points(found)
            n_left_out += len(points)
            if not points:
                continue
            split, video_id = points[0].split, found.video.video_id
            try:
                entry = self._entry(found, points)
            except (DecodeError, OSError, ValueError) as problem:
                problems[split].append(f"{video_id}: {problem}")
                continue
            if entry["object_ids"]:
                names[video_id] = video_id
                n_videos[split] += 1
                n_objects[split] += len(set(entry["object_ids"]))
                n_tracks[split] += len(entry["object_ids"])
                n_left_out -= len(entry["object_ids"])
                content = b"".join((_pickled(video_id), _pickled(entry), b"s"))
                self.target.write(f"{_PARTS}/{split}-{number:06d}-{place:06d}", content)
        told = {split: tuple(own) for split, own in problems.items()}
        return ExportedPoints(number, names, dict(n_videos), dict(n_objects), dict(n_tracks), told, n_left_out)

    def join(self, found: Sequence[ExportedPoints]) -> None:
        """Make a pickle of the parts of every split that has tracks."""
        for split in SPLITS:
            parts = self.target.parts(_PARTS, f"{split}-*")
            if not parts:
                continue
            with whole_file(self.target.path / f"{split}.pkl", is_synced=False) as file:
                file.write(pickle.PROTO + bytes([_PROTOCOL]) + pickle.EMPTY_DICT)
                for part in parts:
                    with part.open("rb") as opened:
                        shutil.copyfileobj(opened, file)
                file.write(pickle.STOP)
        self.target.remove(_PARTS)

    def _entry(self, found: VideoTables, points: Sequence[PointLabel]) -> dict[str, Any]:
        video = pictures(found, self.opener)
        size = (found.video.width, found.video.height)
        masks = {(mask.object_id, mask.frame_idx): mask for mask in sorted(found.masks, key=lambda m: m.round)}
        drawn: dict[tuple[str, int], NDArray[np.bool_]] = {}

        def is_on_object(number: int, idx: int, x: float, y: float) -> bool:
            key = (points[number].object_id, idx)
            if key not in masks:
                return False
            if key not in drawn:
                for old in [other for other in drawn if other[1] != idx]:
                    del drawn[old]
                drawn[key] = masks[key].decode()
            return bool(drawn[key][int(y * size[1]), int(x * size[0])])

        starts = [(p.frame_idx, (p.x + 0.5) / size[0], (p.y + 0.5) / size[1]) for p in points]
        lost = set(found.video.lost)
        breaks = {*found.video.cuts, *lost, *(idx + 1 for idx in lost)}
        tracks = follow(video, starts, breaks, is_on_object)
        kept = [points[number] for number in tracks.kept.tolist()]
        return {
            "video": video,
            "points": tracks.xy_norm,
            "occluded": tracks.is_hidden,
            "object_ids": [point.object_id for point in kept],
            "verified_frames": np.array([point.frame_idx for point in kept], dtype=np.int32),
        }


def starting_points(found: VideoTables) -> list[PointLabel]:
    """The points of a video that people confirmed to be on their object, one a pixel, by object and frame."""
    confirmed = {(p.object_id, p.frame_idx, p.y, p.x): p for p in found.points if p.label == 1}
    return [confirmed[key] for key in sorted(confirmed, key=lambda key: (natural_order(key[0]), *key[1:]))]


def pictures(found: VideoTables, opener: Opener | None = None) -> NDArray[np.uint8]:
    """(T, H, W, 3) uint8 RGB: the frames of a video, 256 pixels on the shorter side; lost ones are black.

    Raises:
        DecodeError: it cannot be read.
        ValueError: it is not what was annotated, or too long for the format.
    """
    video = found.video
    scale = min(1.0, SHORTER_SIDE_PX / min(video.height, video.width))
    width, height = round(video.width * scale), round(video.height * scale)
    shape = (video.n_frames, height, width, 3)
    if prod(shape) > _MOST_BYTES:
        raise ValueError(
            f"{video.n_frames} frames of {width}x{height} pixels do not fit into this format; cut the video"
        )
    taken = np.zeros(shape, dtype=np.uint8)
    names = tuple(f"{video.uri}/{name}" for name in found.frame_names)
    with open_video(VideoFile(video.video_id, video.uri, names), opener) as reader:
        for frame in reader:
            if frame.image.shape[:2] != (video.height, video.width) or frame.idx >= video.n_frames:
                raise ValueError(f"{video.uri} has changed since it was annotated; annotate it again")
            taken[frame.idx] = resize(frame.image, (height, width), cv2.INTER_AREA)
    return taken


def _pickled(value: object) -> bytes:
    """A value as a part of a pickle: without its head, its end, and references to what came before."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, _PROTOCOL)
    pickler.fast = True
    pickler.dump(value)
    return buffer.getvalue()[2:-1]

"""A dataset in the format of the Point-VOS release, written and checked a range of videos at a time.

Every range leaves its entries beside the frames, in JSON files of its own; in the end those are joined into the files
of the release, byte by byte, so that no more than one range is ever in memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from schemas.ranges import VideoTables
from schemas.remote_paths import AnyPath
from schemas.splits import SPLITS
from schemas.videos import Video
from schemas.whole_files import whole_file
from stages.export.index_png import index_png
from stages.export.point_folder import ExportedPoints
from stages.export.point_vos import Entry, entries_of, point_map, to_json, to_jsonl
from stages.export.point_vos_check import problems_in
from stages.export.target import ExportTarget

_PARTS = ".parts"


@dataclass(frozen=True, slots=True)
class PointVosFolder:
    """The folder of one dataset.

    Attributes:
        target: of the export.
        name: of the dataset's folder in it.
        is_jsonl: one entry a line.
        frame_file: where the JPEG of (video_id, frame_idx) lies.
    """

    target: ExportTarget
    name: str
    is_jsonl: bool
    frame_file: Callable[[str, int], AnyPath]

    def write(self, number: int, videos: Iterable[VideoTables]) -> ExportedPoints:
        """Write the points of a range of videos and read them again."""
        splits: dict[str, dict[str, Entry]] = {split: {} for split in SPLITS}
        names: dict[str, str] = {}
        n_given = 0
        for found in videos:
            n_given += len(found.points)
            for entry in entries_of(found.points):
                names[entry.video_name] = found.video.video_id
                split = found.points[0].split
                splits[split][entry.question_hash] = entry
                self._write_frames(found.video, entry, split)
        encode = to_jsonl if self.is_jsonl else to_json
        for split, entries in splits.items():
            self.target.write(self._part(number, split), encode(entries))
        parts = {split: self.target.path / self._part(number, split) for split in SPLITS}
        problems = {split: tuple(problems_in(self._path, [part])) for split, part in parts.items()}
        n_points = {s: sum(len(entry.annotated_points) for entry in own.values()) for s, own in splits.items()}
        n_objects = {split: len(own) for split, own in splits.items()}
        n_videos = {split: len({entry.video_name for entry in own.values()}) for split, own in splits.items()}
        n_left_out = n_given - sum(n_points.values())
        return ExportedPoints(number, names, n_videos, n_objects, n_points, problems, n_left_out)

    def join(self, found: Sequence[ExportedPoints]) -> None:
        """Make the files of the release from those of all ranges, and the list of videos."""
        videos = {name: video_id for one in found for name, video_id in one.videos.items()}
        for split in SPLITS:
            if split == "test" and not any(one.n_objects[split] for one in found):
                continue
            parts = (self.target.path / self._part(number, split) for number in range(len(found)))
            pieces = (part.read_bytes() for part in parts) if self.is_jsonl else _joined(parts)
            with whole_file(self._path / f"{split}.{self._suffix}", is_synced=False) as file:
                file.writelines(pieces)
        self.target.write(f"{self.name}/videos.json", json.dumps(videos, indent=1, sort_keys=True).encode("ascii"))
        self.target.remove(f"{self.name}/{_PARTS}")

    @property
    def _path(self) -> AnyPath:
        return self.target.path / self.name

    @property
    def _suffix(self) -> str:
        return "jsonl" if self.is_jsonl else "json"

    def _part(self, number: int, split: str) -> str:
        return f"{self.name}/{_PARTS}/{number:06d}/{split}.{self._suffix}"

    def _write_frames(self, video: Video, entry: Entry, split: str) -> None:
        folder, key = f"{self.name}/{split}", entry.question_hash
        for frame_id in sorted({point.frame_id for point in entry.annotated_points}):
            labels = point_map(entry, frame_id, video.height, video.width)
            self.target.write(f"{folder}/Annotations/{key}/{frame_id}.png", index_png(labels))
            jpeg = self.frame_file(video.video_id, int(frame_id))
            if jpeg.is_file():
                picture = f"{self.name}/JPEGImages/{entry.video_name}/{frame_id}.jpg"
                if not (self.target.path / picture).is_file():
                    self.target.write(picture, jpeg.read_bytes())
                self.target.link(f"{folder}/JPEGImages/{key}/{frame_id}.jpg", picture)


def _joined(parts: Iterable[AnyPath]) -> Iterator[bytes]:
    """One JSON object from several, each as ``to_json`` writes it."""
    before = b"{\n"
    for content in (part.read_bytes() for part in parts):
        if content != b"{}":
            yield before + content[2:-2]
            before = b",\n"
    yield b"{}" if before == b"{\n" else b"\n}"

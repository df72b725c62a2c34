"""Verified points in the formats of training libraries, written a range of videos at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO

from schemas.provenance import Provenance
from schemas.ranges import VideoTables
from schemas.remote_paths import AnyPath
from schemas.splits import SPLITS
from schemas.whole_files import whole_file
from stages.export.point_folder import ExportedPoints
from stages.export.points import croissant, huggingface, parquet_objects, webdataset
from stages.export.points.annotated import AnnotatedVideo, annotated
from stages.export.points.facts import DataFacts
from stages.export.target import ExportTarget

_WRITERS = {
    "huggingface": huggingface.write_shards,
    "parquet_objects": parquet_objects.write_shards,
    "webdataset": webdataset.write_shards,
}
_RECORDS = {
    "huggingface": {name: (f"data/{name}/*.parquet", schema) for name, schema in huggingface.SCHEMAS.items()},
    "parquet_objects": {"objects": ("data/*.parquet", parquet_objects.SCHEMA)},
}
_DESCRIPTION = "Points on the objects of videos, each decided by people: on the object (label 1) or not (label 0)."
_WITHOUT_PICTURES = ("parquet_objects",)


@dataclass(frozen=True, slots=True)
class ShardFolder:
    """The folder of one export, with a shard for every split and range.

    Attributes:
        target: of the export.
        form: ``huggingface``, ``parquet_objects`` or ``webdataset``.
        name: of the dataset.
        frame_file: where the JPEG of (video_id, frame_idx) lies.
        keeps_undecided: points without a label are written too, with an empty one.
        facts: figures of the run, for the card.
        provenance: reads where videos come from, by id; once a range.
    """

    target: ExportTarget
    form: str
    name: str
    frame_file: Callable[[str, int], AnyPath]
    keeps_undecided: bool = False
    facts: DataFacts = field(default_factory=DataFacts)
    provenance: Callable[[], Mapping[str, Provenance]] = dict

    def write(self, number: int, videos: Iterable[VideoTables]) -> ExportedPoints:
        """Write the points of a range of videos."""
        n_videos, n_objects, n_points = (Counter(dict.fromkeys(SPLITS, 0)) for _ in range(3))
        missing: dict[str, list[str]] = {split: [] for split in SPLITS}
        names: dict[str, str] = {}
        n_given, origins = 0, self.provenance()

        def kept() -> Iterator[AnnotatedVideo]:
            nonlocal n_given
            for found in videos:
                n_given += len(found.points)
                if video := annotated(found, self.keeps_undecided, origins.get(found.video.video_id)):
                    names[video.video.video_id] = video.video.video_id
                    n_videos[video.split] += 1
                    n_objects[video.split] += len(video.object_ids)
                    n_points[video.split] += video.n_points
                    missing[video.split] += self._missing(video)
                    yield video

        _WRITERS[self.form](number, kept(), self._read_frame, self._open)
        problems = {split: tuple(own) for split, own in missing.items()}
        n_left_out = n_given - n_points.total()
        return ExportedPoints(number, names, dict(n_videos), dict(n_objects), dict(n_points), problems, n_left_out)

    def join(self, found: Sequence[ExportedPoints]) -> None:
        """Write the card, and what Croissant says of Parquet files; WebDataset knows no file about all shards."""
        kinds = {"videos": "n_videos", "objects": "n_objects", "points": "n_points"}
        counts = {
            split: {kind: sum(getattr(one, name)[split] for one in found) for kind, name in kinds.items()}
            for split in SPLITS
        }
        if self.form == "huggingface":
            self.target.write("README.md", huggingface.card(self.name, counts, self.facts))
        else:
            self.target.write("README.md", f"# {self.name}\n\n{_DESCRIPTION}\n\n{self.facts.text()}".encode())
        if sets := _RECORDS.get(self.form):
            content = croissant.document(self.name, _DESCRIPTION, self.facts.licence, sets)
            self.target.write(croissant.FILE, content)

    def _missing(self, video: AnnotatedVideo) -> list[str]:
        if self.form in _WITHOUT_PICTURES:
            return []
        video_id = video.video.video_id
        return [
            f"{video_id}: the picture of frame {idx} is missing in the run"
            for idx in video.frames
            if not self.frame_file(video_id, idx).is_file()
        ]

    def _read_frame(self, video_id: str, frame_idx: int) -> bytes | None:
        file = self.frame_file(video_id, frame_idx)
        return file.read_bytes() if file.is_file() else None

    def _open(self, name: str) -> AbstractContextManager[BinaryIO]:
        return whole_file(self.target.path / name, is_synced=False)

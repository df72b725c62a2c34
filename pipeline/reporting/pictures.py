"""The pictures of the report: which frames get one, and how the frames are obtained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image as PillowImage

from pipeline.runs.folder import RunFolder
from pipeline.runs.resampling import source_of
from pipeline.runs.spool import VideoOpener
from pipeline.runs.units import unit_rows
from pipeline.terminal.console import WorkProblem, quoted
from schemas import tables
from schemas.masks import Mask
from schemas.videos import Video
from stages.overlay import Image
from stages.report.building import VideoRows, evenly, picture_of
from stages.report.files import ReportFiles
from stages.report.sections import FrameEntry, ObjectEntry
from stages.video import DecodeError, selected_frames

LOOKS_SHARE = 0.6
"""Of the pictures, for frames that should be checked; the rest is for other frames."""
_WORKERS = 2

WantedPictures = Mapping[int, Mapping[int, Sequence[str]]]
"""Video's place → frame → objects that are shown on it."""


def wanted_pictures(
    looks: Sequence[FrameEntry], objects: Sequence[ObjectEntry], asked: Sequence[Sequence[int]], most: int
) -> WantedPictures:
    """Which pictures a page gets: the best looks first, then frames with points, of objects worth a look first.

    Args:
        looks: the best first.
        objects: all.
        asked: by object, its frames with candidates.
        most: pictures.
    """
    n_asked = sum(map(len, asked))
    n_looks = min(len(looks), max(round(LOOKS_SHARE * most), most - n_asked))
    chosen = {(look.object, look.frame_idx): None for look in looks[:n_looks]}
    order = dict.fromkeys([*(look.object for look in looks), *range(len(objects))])
    a_object = max((most - n_looks) // max(len(objects), 1), 1)
    for number in order:
        for frame_idx in evenly(asked[number], a_object):
            if len(chosen) < most:
                chosen[number, frame_idx] = None
    found: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for number, frame_idx in chosen:
        found[objects[number].video][frame_idx].append(objects[number].object_id)
    return found


@dataclass(frozen=True, slots=True)
class PictureMaker:
    """Draws pictures of a run into the files of its report."""

    run: RunFolder
    files: ReportFiles

    def draw_all(self, videos: Sequence[Video], wanted: WantedPictures, done: Callable[[int], None]) -> list[str]:
        """Draw what is wanted; problems of videos that could not be read, in their order.

        Args:
            videos: of the run.
            wanted: as of :func:`wanted_pictures`.
            done: called with the number of pictures that are through.
        """

        def draw(place: int) -> str:
            problem = self._draw(videos[place], wanted[place])
            done(sum(map(len, wanted[place].values())))
            return problem

        with ThreadPoolExecutor(_WORKERS) as pool:
            return [problem for problem in pool.map(draw, sorted(wanted)) if problem]

    def _draw(self, video: Video, wanted: Mapping[int, Sequence[str]]) -> str:
        rows = self._rows(video, wanted)
        missing: dict[int, list[str]] = {}
        for frame_idx, object_ids in sorted(wanted.items()):
            open_ones = [one for one in object_ids if not self.files.has(picture_of(rows, one, frame_idx).name)]
            image = self._kept(video, frame_idx) if open_ones else None
            if image is not None:
                self._add(rows, frame_idx, open_ones, image)
            elif open_ones:
                missing[frame_idx] = open_ones
        try:
            for frame_idx, image in self._decoded(video, missing):
                self._add(rows, frame_idx, missing[frame_idx], image)
        except (DecodeError, OSError) as problem:
            return f"{video.video_id}: {problem}"
        return ""

    def _add(self, rows: VideoRows, frame_idx: int, object_ids: Sequence[str], image: Image) -> None:
        for one in object_ids:
            shown = picture_of(rows, one, frame_idx)
            self.files.add(shown.name, lambda shown=shown: shown.draw(image))  # type: ignore[misc]

    def _rows(self, video: Video, wanted: Mapping[int, Sequence[str]]) -> VideoRows:
        """The masks of all objects on the frames that are wanted."""
        every = unit_rows(self.run, tables.MASKS, video, ["object_id"])["object_id"].unique().to_pylist()
        masks: dict[str, dict[int, Mask]] = {one: {} for one in every}
        found = unit_rows(self.run, tables.MASKS, video, filters=[("frame_idx", "in", sorted(wanted))])
        for mask in tables.MASKS.records(found):
            masks[mask.object_id][mask.frame_idx] = mask
        return VideoRows(video, masks, (), {}, {})

    def _kept(self, video: Video, frame_idx: int) -> Image | None:
        """A frame that was kept for people."""
        file = self.run.frame_file(video.video_id, frame_idx)
        if not file.is_file():
            return None
        try:
            with PillowImage.open(BytesIO(file.read_bytes())) as image:
                return np.asarray(image.convert("RGB"))
        except (OSError, SyntaxError, ValueError) as problem:
            if isinstance(problem, OSError) and problem.errno is not None:
                raise
            raise WorkProblem(
                f"{file} is damaged; see what to do with: pointvos doctor --run {quoted(self.run.path)}"
            ) from None

    def _decoded(self, video: Video, missing: Mapping[int, Sequence[str]]) -> Iterator[tuple[int, Image]]:
        for frame in selected_frames(source_of(video), missing.keys(), VideoOpener()):
            if frame.image.shape[:2] != (video.height, video.width):
                raise DecodeError("another_size", f"{video.uri} has another frame size than when it was annotated")
            yield frame.idx, frame.image

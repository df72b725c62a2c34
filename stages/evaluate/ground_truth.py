"""Ground-truth masks: ``<folder>/<video_id>/<frame>.png``, one index map a frame (the layout of DAVIS).

A PNG is the truth of the frame of that name in a folder of frames; for a video file the number in its name is the
decode index. Of a dataset with a folder ``Annotations``, the masks in there are meant; ``objects.json`` beside it,
which our own export writes, tells the objects of the labels.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.scaling import scaled
from stages.video.frame_names import FrameNameError, FrameNames
from stages.video.mask_folders import annotations_of, object_names
from stages.video.mask_images import FULL, VOID, Labels, label_of, object_id, read_mask_image


@dataclass(frozen=True, slots=True, eq=False)
class TruthFrame:
    """The ground truth of one frame.

    Attributes:
        frame_idx: 0-based decode index.
        labels: (H, W) int32: 0 background, above 0 objects, VOID what nobody decided: no metric counts it.
        sole, names: see :class:`VideoTruth`.
    """

    frame_idx: int
    labels: Labels
    sole: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def object_ids(self) -> set[str]:
        """Ids of the objects that are visible: what their label is called, else the label as text."""
        ids = {self.object_of(label) for label in np.unique(self.labels[self.labels > 0]).tolist()}
        return {self.sole} if self.sole and ids else ids

    def object_of(self, label: int) -> str:
        """Id of the object of a label above 0."""
        found = object_id(label)
        return self.names.get(found, found)

    def mask(self, object_id: str) -> NDArray[np.bool_]:
        """(H, W) bool; empty for an object that is not there."""
        if self.sole and object_id == self.sole:
            foreground: NDArray[np.bool_] = self.labels > 0
            return foreground
        label = label_of(next((label for label, name in self.names.items() if name == object_id), object_id))
        return self.labels == label if label > 0 else np.zeros(self.labels.shape, dtype=bool)

    def void(self) -> NDArray[np.bool_] | None:
        """(H, W) bool of undecided pixels, or None when all are decided."""
        void = self.labels == VOID
        return void if void.any() else None


@dataclass(frozen=True, slots=True)
class VideoTruth:
    """The ground truth of one video, read frame by frame.

    Attributes:
        video_id: the video.
        paths: PNG of every annotated frame by frame index, in frame order.
        unknown: a sentence about PNGs that no frame is named like; empty when there are none.
        sole: id of the run's only object where that id is not a label (VidLN's ``a0``) and the truth shows one object:
            both are the same then. Empty elsewhere.
        full: what 255 is in a palette image that holds nothing else: VOID, or object 1 where no frame shows a number.
        size: (H, W) of the video's frames, which truth of another size is scaled to; None leaves it as it is.
        names: label as text → object id, where ``objects.json`` says so.
    """

    video_id: str
    paths: dict[int, Path]
    unknown: str = ""
    sole: str = ""
    full: int = VOID
    size: tuple[int, int] | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def frames(self) -> Iterator[TruthFrame]:
        """All annotated frames, in order."""
        return self.only(self.paths)

    def only(self, wanted: Container[int]) -> Iterator[TruthFrame]:
        """The annotated frames that are wanted, in order."""
        for frame_idx, path in self.paths.items():
            if frame_idx in wanted:
                yield TruthFrame(frame_idx, self._labels(path), self.sole, self.names)

    def other_size(self) -> tuple[int, int] | None:
        """(H, W) of the first frame's truth when it is not that of the video."""
        first = read_labels(next(iter(self.paths.values()))).shape
        return (first[0], first[1]) if self.size and first != self.size else None

    def _labels(self, path: Path) -> Labels:
        labels = read_labels(path)
        try:
            labels = scaled(labels, *self.size) if self.size else labels
        except ValueError as problem:
            raise ValueError(f"ground truth {path}: {problem}") from None
        return np.where(labels == FULL, np.int32(self.full), labels)


def find_truth(
    folder: Path,
    video_id: str,
    object_ids: Collection[str] = (),
    size: tuple[int, int] | None = None,
    names: FrameNames | None = None,
    is_by_label: bool = False,
) -> VideoTruth | None:
    """The ground truth of ``video_id`` below ``folder``, or None when there is none.

    Args:
        folder: ground truth of many videos, or a dataset with ``Annotations``.
        video_id: the video.
        object_ids: all objects of the run in this video.
        size: (H, W) of the video's frames.
        names: the video's frames by name; of a video file without it.
        is_by_label: objects are called by their labels, whatever ``objects.json`` says.

    Raises:
        ValueError: none of its PNGs is named like a frame, two mean the same frame, or ``objects.json`` is not JSON.
    """
    folder = annotations_of(folder)
    paths, unknown = _pngs_by_frame(folder, video_id, names or FrameNames(()))
    if not paths:
        return None
    called = {} if is_by_label else object_names(folder).get(video_id, {})
    truth = VideoTruth(video_id, paths, unknown, size=size, names=called)
    if not any(frame.object_ids() for frame in truth.frames()):
        truth = replace(truth, full=1)
    return replace(truth, sole=_sole(truth, object_ids))


def _pngs_by_frame(folder: Path, video_id: str, names: FrameNames) -> tuple[dict[int, Path], str]:
    """The PNGs of a video by frame index, in order, and what is wrong with the others."""
    by_frame: dict[int, Path] = {}
    problems: list[str] = []
    for path in _pngs_of(folder, video_id):
        try:
            first = by_frame.setdefault(names.index(path.name), path)
        except FrameNameError as problem:
            problems.append(str(problem))
            continue
        if first is not path:
            raise ValueError(f"ground truth {first} and {path.name} are for the same frame; remove one of them")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    unknown = f"ground truth of frames that the video does not have: {problems[0]}{more}" if problems else ""
    if unknown and not by_frame:
        raise ValueError(unknown)
    return dict(sorted(by_frame.items())), unknown


def _pngs_of(folder: Path, video_id: str) -> list[Path]:
    """The PNGs of a video, whose folder may be named in any Unicode form."""
    forms = dict.fromkeys([video_id, *(unicodedata.normalize(form, video_id) for form in ("NFC", "NFD"))])
    place = next((folder / form for form in forms if (folder / form).is_dir()), None)
    found = sorted(place.iterdir()) if place else []
    return [path for path in found if path.suffix.lower() == ".png" and not path.name.startswith(".")]


def shown_folders(folder: Path, video_ids: Collection[str]) -> str:
    """What a folder without the ground truth of any video holds instead, and what the videos are, for a message."""
    folder = annotations_of(folder)
    inside = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return f"it holds {_few(inside, 'no folders')}, and the run's videos are {_few(sorted(video_ids), 'none')}"


def _few(names: Sequence[str], nothing: str) -> str:
    shown = ", ".join(map(repr, names[:3])) or nothing
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _sole(truth: VideoTruth, object_ids: Collection[str]) -> str:
    """The run's only object when its id is not a label and the first frame that shows anything shows one object."""
    if len(object_ids) != 1 or (only := next(iter(object_ids))).isdecimal():
        return ""
    visible = next((ids for frame in truth.frames() if (ids := frame.object_ids())), set())
    return only if len(visible) == 1 else ""


def read_labels(path: Path) -> Labels:
    """(H, W) int32 labels of a mask image, FULL among them.

    Raises:
        ValueError: it is not a mask.
    """
    try:
        return read_mask_image(path)
    except ValueError as problem:
        raise ValueError(f"ground truth {problem}") from None

"""Which of our videos and which of their frames a localization means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from schemas.localizations import Localization, MaskHint
from schemas.rejects import Reject
from schemas.video_files import VideoFile
from stages.ingest.duplicates import drop_duplicates
from stages.ingest.errors import IngestError
from stages.ingest.parsed import STAGE
from stages.ingest.video_names import VideoNames, rivals
from stages.video.frame_names import FrameNameError, FrameNames

MAX_HINTS = 100
"""Unknown names that get the closest ids named: comparing names with every id is slow."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The outcome of localizations.

    Attributes:
        by_video: localizations by our video id, in the order of the videos; each carries that id, and its frame by
            position.
        rejects: ``unknown_video``, ``ambiguous_video`` or ``no_video`` for a name of an unknown video;
            ``unknown_frame``, ``ambiguous_frame`` or ``bad_frame`` for a name of an unknown frame; where two
            names mean one video, ``duplicate_entry`` or ``conflicting_entries`` for an object that both localize on
            one frame.
        notes: sentences about names that were understood in a way that people should know of.
    """

    by_video: Mapping[str, Sequence[Localization]]
    rejects: Sequence[Reject]
    notes: Sequence[str] = field(default=())


def match(localizations: Iterable[Localization], videos: Sequence[VideoFile]) -> Matches:
    """Sort localizations by video and find their frames."""
    by_name: dict[str, list[Localization]] = defaultdict(list)
    for one in localizations:
        by_name[one.video_id].append(one)
    names = VideoNames([video.video_id for video in videos])
    found: dict[str, list[Localization]] = {video.video_id: [] for video in videos}
    rejects: list[Reject] = []
    notes: list[str] = []
    contradicted = _contradicted(by_name, names, videos)
    for name, named in by_name.items():
        try:
            if name in contradicted:
                raise contradicted[name]
            video_id, own = _matched(name, named, names, [video.video_id for video in videos], notes)
        except IngestError as problem:
            rejects.append(_reject(name, named, problem, names if len(rejects) < MAX_HINTS else None))
        else:
            found[video_id] += own
    by_video = {}
    for video in videos:
        if found[video.video_id]:
            placed, unplaced = _on_frames(found[video.video_id], video)
            by_video[video.video_id], duplicates = drop_duplicates(placed)
            rejects += unplaced + duplicates
    return Matches({video_id: own for video_id, own in by_video.items() if own}, rejects, notes)


def _matched(
    name: str, named: Sequence[Localization], names: VideoNames, videos: Sequence[str], notes: list[str]
) -> tuple[str, list[Localization]]:
    """The video that a name means, and its localizations under that video's id."""
    try:
        video_id = names.find(name) if name else _only(name, videos)
    except IngestError as problem:
        if problem.error != "unknown_video":
            raise
        if (inner := _object_folder(name, named, names)) is not None:
            return inner
        if not _names_no_video(name, named[0].input_uri):
            raise
        video_id = _only(name, videos, problem)
        notes.append(f"{name!r} names no video; its localizations are assigned to the only one, {video_id!r}.")
    else:
        if not name:
            notes.append(f"Localizations that name no video are assigned to the only one, {video_id!r}.")
    return video_id, [replace(one, video_id=video_id) for one in named]


def _contradicted(by_name: Iterable[str], names: VideoNames, videos: Sequence[VideoFile]) -> Mapping[str, IngestError]:
    """Names that would be one video with others although they name other folders (``train/1``, ``val/1``)."""
    claims: dict[str, list[str]] = defaultdict(list)
    for name in by_name:
        with suppress(IngestError):
            claims[names.find(name)].append(name)
    found = {}
    for video in videos:
        for name in rivals(claims.get(video.video_id, ()), video.uri):
            other = next(one for one in claims[video.video_id] if one != name)
            detail = (
                f"{name!r} and {other!r} are in different folders and would both be the video {video.video_id!r}; give "
                "VIDEOS the folder that holds both, or write the video's id"
            )
            found[name] = IngestError("ambiguous_video", detail)
    return found


def _only(name: str, videos: Sequence[str], problem: IngestError | None = None) -> str:
    """The video that is meant where none is named."""
    if len(videos) == 1:
        return videos[0]
    if problem:
        raise problem
    raise IngestError("no_video", f"no video is named, and there are {len(videos)}; name one of them")


def _names_no_video(name: str, input_uri: str) -> bool:
    """Whether a name is just a number, or that of the localization file or folder itself."""
    return name.isdecimal() or name in (PurePath(input_uri).name, PurePath(input_uri).stem)


def _object_folder(
    name: str, named: Sequence[Localization], names: VideoNames
) -> tuple[str, list[Localization]] | None:
    """Masks of ``<video>/<object>/<frame>.png``, as SA-V and SAM 2 keep them: the last folder is the object."""
    folder, _, object_id = name.rpartition("/")
    if not folder or not all(isinstance(one.hint, MaskHint) for one in named):
        return None
    try:
        video_id = names.find(folder)
    except IngestError:
        return None
    several = len({one.object_id for one in named}) > 1
    return video_id, [
        replace(one, video_id=video_id, object_id=f"{object_id}/{one.object_id}" if several else object_id)
        for one in named
    ]


def _reject(name: str, named: Sequence[Localization], problem: IngestError, names: VideoNames | None) -> Reject:
    close = names.close(name) if names and problem.error == "unknown_video" else []
    near = f"; similar names: {', '.join(map(repr, close))}" if close else ""
    n_objects = len({one.object_id for one in named})
    what = "object is" if n_objects == 1 else "objects are"
    detail = f"{problem.detail}{near}; its {n_objects:,} {what} left out"
    return Reject(STAGE, name or "(no name)", problem.error, detail, named[0].input_uri)


def _on_frames(named: Sequence[Localization], video: VideoFile) -> tuple[list[Localization], list[Reject]]:
    """The localizations by position, and one reject a frame name that the video does not have."""
    names = FrameNames(video.frames)
    placed: list[Localization] = []
    rejects: dict[str, Reject] = {}
    for one in named:
        if not one.frame_name:
            placed.append(one)
        elif one.frame_name not in rejects:
            try:
                placed.append(replace(one, frame_idx=names.index(one.frame_name), frame_name=""))
            except FrameNameError as problem:
                key = f"{video.video_id}/{one.frame_name}"
                rejects[one.frame_name] = Reject(STAGE, key, problem.error, str(problem), one.input_uri)
    return placed, list(rejects.values())

"""Which of our videos a localization means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from schemas.localizations import Localization
from schemas.rejects import Reject
from stages.ingest.duplicates import drop_duplicates
from stages.ingest.errors import IngestError
from stages.ingest.parsed import STAGE

MAX_HINTS = 100
"""Unknown names that get the closest ids named: comparing names with every id is slow."""


def match(
    localizations: Iterable[Localization], videos: Sequence[str]
) -> tuple[dict[str, list[Localization]], list[Reject]]:
    """Sort localizations by video.

    Returns:
        Localizations by our video id, in the order of ``videos``, each carrying that id; and one reject for every
        name that is no video of ours: ``unknown_video`` or ``ambiguous_video``. Where two names mean one video, an
        object that both localize on one frame is a ``duplicate_entry`` or one of ``conflicting_entries``.
    """
    by_name: dict[str, list[Localization]] = defaultdict(list)
    for one in localizations:
        by_name[one.video_id].append(one)
    suffixes = _by_suffix(videos)
    matched: dict[str, list[Localization]] = {video: [] for video in videos}
    rejects: list[Reject] = []
    for name, named in by_name.items():
        try:
            video = find_video(name, suffixes)
        except IngestError as problem:
            hint = _closest(name, videos) if problem.error == "unknown_video" and len(rejects) < MAX_HINTS else ""
            detail = f"{problem.detail}{hint}; its {len({one.object_id for one in named})} objects are left out"
            rejects.append(Reject(STAGE, name, problem.error, detail, named[0].input_uri))
        else:
            matched[video] += [replace(one, video_id=video) for one in named]
    for video, found in matched.items():
        matched[video], duplicates = drop_duplicates(found)
        rejects += duplicates
    return {video: found for video, found in matched.items() if found}, rejects


def find_video(name: str, suffixes: Mapping[str, Sequence[str]]) -> str:
    """The id of the video that ``name`` means.

    It is the video of that id; else the only one whose id ends in ``name`` (``dog`` means ``480p/dog``); else the one
    whose whole id ends ``name`` (``OVIS_train/5d24`` means ``5d24``). Only whole path components count.

    Args:
        name: as a localization file names the video.
        suffixes: the video ids by every run of their last components.

    Raises:
        IngestError: ``unknown_video`` or ``ambiguous_video``.
    """
    found = suffixes.get(name, ())
    if name in found:
        return name
    if len(found) > 1:
        raise IngestError("ambiguous_video", f"{name!r} may be {' or '.join(map(repr, found))}; write the whole id")
    if found:
        return found[0]
    for tail in _tails(name):
        if tail in suffixes.get(tail, ()):
            return tail
    raise IngestError("unknown_video", f"there is no video {name!r}")


def _closest(name: str, videos: Sequence[str]) -> str:
    last = name.rsplit("/", maxsplit=1)[-1]
    close = get_close_matches(name, videos) or [v for v in videos if get_close_matches(last, [v.rsplit("/", 1)[-1]])]
    return f"; close are {', '.join(map(repr, close[:3]))}" if close else ""


def _tails(video_id: str) -> list[str]:
    """The id and every shorter run of its last components, longest first."""
    parts = video_id.split("/")
    return ["/".join(parts[i:]) for i in range(len(parts))]


def _by_suffix(videos: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for video in videos:
        for tail in _tails(video):
            found[tail].append(video)
    return dict(found)

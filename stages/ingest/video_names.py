"""What people call a video: its id, its file, its address in a labelling tool."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from urllib.parse import unquote

from stages.ingest.errors import IngestError
from stages.video.corpus import FRAME_EXTENSIONS, VIDEO_EXTENSIONS

Form = Callable[[str], str]
FORMS: tuple[Form, ...] = (
    str,
    lambda name: unicodedata.normalize("NFC", name),
    lambda name: unicodedata.normalize("NFC", name).casefold(),
)
"""Spellings that count as the same, the strictest first."""
_UPLOAD_PREFIX = re.compile(r"(^|/)[0-9a-f]{8}-([^/]+)$")
"""What Label Studio puts in front of the name of an uploaded file."""


class VideoNames:
    r"""The videos of a run by everything that they may be called.

    A name means the video of that id; else the only one whose id ends in it (``dog`` means ``480p/dog``); else the one
    whose whole id ends it (``OVIS_train/5d24`` means ``5d24``). Only whole path components count. Failing that, the
    name is read as an address (``C:\data\dog.mp4``), without the extension of a video, without the prefix of an upload,
    and as a file in any folder; each in another Unicode form and in another case, too.

    >>> VideoNames(["480p/dog", "480p/café"]).find("data/upload/1/0a1b2c3d-dog.mp4")
    '480p/dog'
    """

    def __init__(self, videos: Sequence[str]) -> None:
        self._videos = videos
        self._by_tail: dict[Form, Mapping[str, Sequence[str]]] = {}

    def find(self, name: str) -> str:
        """The id of the video that ``name`` means.

        Raises:
            IngestError: ``unknown_video``, or ``ambiguous_video`` when several ids fit equally well.
        """
        for form in FORMS:
            for reading in _readings(name):
                found = self._found(form(reading), form)
                if len(found) > 1:
                    several = " or ".join(map(repr, found))
                    raise IngestError("ambiguous_video", f"{name!r} may be {several}; write the whole id")
                if found:
                    return found[0]
        raise IngestError("unknown_video", f"there is no video {name!r}")

    def close(self, name: str) -> list[str]:
        """Up to three ids that look like ``name``."""
        wanted = FORMS[-1](list(_readings(name))[-1])
        alike = {FORMS[-1](video): video for video in self._videos}
        close = get_close_matches(wanted, alike)
        last = wanted.rsplit("/", maxsplit=1)[-1]
        close = close or [v for v in alike if get_close_matches(last, [v.rsplit("/", 1)[-1]])]
        return [alike[found] for found in close[:3]]

    def _found(self, name: str, form: Form) -> Sequence[str]:
        by_tail = self._tails(form)
        found = by_tail.get(name, ())
        if whole := [video for video in found if form(video) == name]:
            return whole
        if found:
            return found
        wholes = ([v for v in by_tail.get(tail, ()) if form(v) == tail] for tail in _tails(name))
        return next((whole for whole in wholes if whole), ())

    def _tails(self, form: Form) -> Mapping[str, Sequence[str]]:
        """The video ids by every run of their last components."""
        if form not in self._by_tail:
            by_tail: dict[str, list[str]] = defaultdict(list)
            for video in self._videos:
                for tail in _tails(form(video)):
                    by_tail[tail].append(video)
            self._by_tail[form] = dict(by_tail)
        return self._by_tail[form]


def rivals(names: Sequence[str], uri: str) -> list[str]:
    """Names of one video that cannot all be right because they name different folders.

    Names that the address of the video bears out are not among them.

    >>> rivals(["clip", "train/clip", "val/clip"], "/data/train/clip.mp4"), rivals(["a/clip", "clip"], "/data/clip.mp4")
    (['val/clip'], [])
    """
    parts = {name: _bare_parts(name) for name in names}
    if _is_chain(parts.values()):
        return []
    own = _bare_parts(uri)
    agreeing = {name: _n_common_tail(named, own) for name, named in parts.items()}
    most = max(agreeing.values())
    wholly = {name for name, named in parts.items() if agreeing[name] == len(named)}
    mostly = {name for name in parts if agreeing[name] == most > 1}
    kept = wholly | mostly if _is_chain(parts[name] for name in wholly | mostly) else wholly
    return [name for name in names if name not in kept]


def _bare_parts(name: str) -> list[str]:
    """The components of an address without extension and upload prefix, compared as loosely as ids are."""
    return FORMS[-1](_UPLOAD_PREFIX.sub(r"\1\2", _without_extension(_path(name)))).split("/")


def _is_chain(paths: Iterable[list[str]]) -> bool:
    """Whether every path is the end of the longest one."""
    paths = list(paths)
    longest = max(paths, key=len, default=[])
    return all(longest[len(longest) - len(path) :] == path for path in paths)


def _n_common_tail(left: Sequence[str], right: Sequence[str]) -> int:
    pairs = zip(reversed(left), reversed(right), strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


def _readings(name: str) -> Iterator[str]:
    """The name, then the same with less and less of what is not an id. Only a file may lie in any folder."""
    path = _path(name)
    bare = _without_extension(path)
    own = _UPLOAD_PREFIX.sub(r"\1\2", bare)
    yield from dict.fromkeys((name, path, bare, own))
    if bare != name:
        yield from dict.fromkeys(one.rsplit("/", 1)[-1] for one in (bare, own))


def _path(name: str) -> str:
    r"""The part of an address that names a file, with ``/`` between folders.

    >>> _path("C:\\data\\clip.mp4"), _path("/data/local-files/?d=set%20a/clip.mp4"), _path("s3://b/clip.mp4")
    ('data/clip.mp4', 'set a/clip.mp4', 'b/clip.mp4')
    """
    path = name.strip().replace("\\", "/")
    if "://" in path or "?d=" in path:
        path = unquote(re.sub(r"^.*\?d=", "", path).split("?", 1)[0])
    path = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*:/*", "", path)
    return "/".join(part for part in path.split("/") if part not in ("", ".", ".."))


def _without_extension(path: str) -> str:
    stem, dot, extension = path.rpartition(".")
    return stem if dot and f".{extension}".lower() in (*VIDEO_EXTENSIONS, *FRAME_EXTENSIONS) else path


def _tails(video_id: str) -> Iterable[str]:
    """The id and every shorter run of its last components, longest first."""
    parts = video_id.split("/")
    return ["/".join(parts[i:]) for i in range(len(parts))]

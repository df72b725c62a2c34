"""Which videos there are: video files and folders of frames, grouped from a plain list of files.

A path is a string with ``/`` between its components, so that local paths and ``scheme://`` paths go the same way.
"""

from __future__ import annotations

import glob
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from posixpath import basename, dirname, splitext

from schemas.rejects import Reject
from schemas.video_files import VideoFile
from stages.video.playing_order import playing_order

VIDEO_EXTENSIONS = (
    ".264", ".265", ".3g2", ".3gp", ".asf", ".avc", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif", ".h264", ".h265",
    ".hevc", ".ivf", ".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
    ".mts", ".mxf", ".nut", ".obu", ".ogg", ".ogm", ".ogv", ".qt", ".ts", ".vob", ".webm", ".wmv", ".y4m",
)  # fmt: skip
"""``.gif`` files are videos, unless several of one picture each are numbered as the frames of one."""
FRAME_KINDS = {
    ".bmp": "bmp", ".gif": "gif", ".jpeg": "jpeg", ".jpg": "jpeg", ".png": "png", ".tif": "tiff", ".tiff": "tiff",
    ".webp": "webp",
}  # fmt: skip
"""Extension → kind of picture; the frames of a folder are of one kind."""
JPEG_EXTENSIONS = (".jpeg", ".jpg")
FRAME_EXTENSIONS = tuple(FRAME_KINDS)
OTHER_MEDIA = (
    ".apng", ".arw", ".avif", ".braw", ".cr2", ".dng", ".dpx", ".exr", ".heic", ".heif", ".jfif", ".jp2", ".jpe",
    ".jxl", ".nef", ".pbm", ".pgm", ".pnm", ".ppm", ".psd", ".r3d", ".rm", ".rmvb", ".svg", ".swf", ".tga", ".wtv",
)  # fmt: skip
"""Pictures and videos that are known by their extension and cannot be read."""

SizedPath = tuple[str, int]


def find_local(pattern: str, on_error: Callable[[OSError], object] = lambda _: None) -> list[SizedPath]:
    """All local files of a file, a folder (recursively, links followed) or a glob, with sizes in bytes, sorted.

    Args:
        pattern: the file, folder or glob.
        on_error: is told of folders that cannot be listed, by ``filename``; the files of others come all the same.

    Raises:
        FileNotFoundError: nothing is there.
        PermissionError: the folder itself cannot be listed.
    """
    matches = [pattern] if Path(pattern).exists() else glob.glob(pattern, recursive=True)  # noqa: PTH207
    unlisted: list[OSError] = []
    paths = sorted({path for match in matches for path in _files_below(match, unlisted.append)})
    for error in sorted(unlisted, key=lambda error: str(error.filename)):
        if str(error.filename).rstrip("/") == pattern.rstrip("/"):
            raise error
        on_error(error)
    if not paths and unlisted:
        return []
    if not paths and Path(pattern).is_dir():
        raise FileNotFoundError(
            f"folder {pattern!r} holds no files; give a video file, a folder or a glob such as 'clips/*.mp4'"
        )
    if not paths:
        raise FileNotFoundError(f"no file at {pattern!r}; give a video file, a folder or a glob such as 'clips/*.mp4'")
    return [(path, Path(path).stat().st_size) for path in paths]


def unreadable_folder(error: OSError, pattern: str) -> Reject:
    """The reject for a folder that :func:`find_local` could not list, below what the user asked for."""
    folder = str(error.filename)
    detail = f"folder {folder!r} cannot be read: {error.strerror}; its videos are left out until it is readable"
    name = _below(folder, _base(pattern, [folder])) or basename(folder)
    return Reject("ingest", printable_path(name), "unreadable_folder", detail, printable_path(folder))


def group_files(
    files: Iterable[SizedPath], root: str, is_animated: Callable[[str], bool] = lambda _: True
) -> tuple[list[VideoFile], list[Reject]]:
    """Group files into videos.

    A file with a video extension is a video. All pictures of a folder that holds no video file are the frames of one
    video (DAVIS layout), in the order of the numbers in their names. Hidden files and files of other kinds are left
    out, unless ``root`` names that file.

    Args:
        files: (path, size in bytes); every path starts with ``root``, or with its part before the first wildcard.
        root: what the user asked for: a file, a folder or a glob.
        is_animated: whether a GIF holds several pictures; asked where GIFs could be the frames of one video.

    Returns:
        Videos by video_id, and rejects: ``unknown_extension``, ``unreadable_format``, ``mixed_frame_types``,
        ``duplicate_video_id``, ``name_not_utf8``.
    """
    sizes = dict(files)
    root = root.rstrip("/") or "/"
    if root in sizes:
        return _drop_undecodable(*_group_named_file(root, sizes[root]))
    base = _base(root, sizes)
    shown = {path: n for path, n in sizes.items() if not any(p.startswith(".") for p in _below(path, base).split("/"))}
    stills = _numbered_gifs(shown, is_animated)
    films = [
        VideoFile(splitext(_below(path, base))[0], path, n_bytes=n)
        for path, n in shown.items()
        if _extension(path) in VIDEO_EXTENSIONS and path not in stills
    ]
    gifs = {film.uri for film in films if _extension(film.uri) == ".gif"}
    taken = {dirname(film.uri) for film in films if film.uri not in gifs}
    folders, rejects = _group_frames({p: n for p, n in shown.items() if p not in gifs}, base, taken)
    used = {dirname(film.uri) for film in films} | {folder.uri for folder in folders}
    rejects += _unreadable(shown, base, used | {reject.input_uri for reject in rejects})
    named, rejects = _drop_undecodable([*films, *folders], rejects)
    videos, duplicates = _drop_duplicates(named)
    return videos, rejects + duplicates


def _numbered_gifs(paths: Iterable[str], is_animated: Callable[[str], bool]) -> set[str]:
    """GIFs that are the frames of one video: several in a folder, told apart by numbers, of one picture each."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in paths:
        if _extension(path) == ".gif":
            alike[dirname(path), re.sub(r"[0-9]+", "0", basename(path))].append(path)
    return {path for same in alike.values() if len(same) > 1 and not is_animated(min(same)) for path in same}


def _unreadable(paths: Iterable[str], base: str, used: set[str]) -> list[Reject]:
    """Pictures and videos that nothing reads, in folders that hold nothing else."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for path in paths:
        if _extension(path) in OTHER_MEDIA and dirname(path) not in used:
            found[dirname(path), _extension(path)] += 1
    return [
        Reject(
            "ingest",
            printable_path(_below(folder, base) or basename(folder) or "frames"),
            "unreadable_format",
            f"folder {folder!r} holds {count} {extension} files, which cannot be read; convert them to PNG or MP4",
            printable_path(folder),
        )
        for (folder, extension), count in sorted(found.items())
    ]


def _files_below(path: str, on_error: Callable[[OSError], object]) -> Iterator[str]:
    """``path`` itself when it is a file, else every file below it; a folder reached twice is listed once."""
    if not Path(path).is_dir():
        yield path
        return
    seen: set[str] = set()
    for folder, subfolders, names in os.walk(path, onerror=on_error, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        try:
            yield from [f"{folder.rstrip('/')}/{name}" for name in names if Path(folder, name).is_file()]
        except PermissionError as problem:
            on_error(PermissionError(problem.errno, problem.strerror, folder))


def _base(root: str, paths: Iterable[str]) -> str:
    """The folder that video ids are relative to: ``root``, or a glob's part before its first wildcard."""
    if any(path.startswith(f"{root.rstrip('/')}/") for path in paths):
        return root
    parts = root.split("/")
    first = next((i for i, part in enumerate(parts) if re.search(r"[*?\[]", part)), len(parts) - 1)
    return "/".join(parts[:first]) or ("/" if root.startswith("/") else "")


def _below(path: str, base: str) -> str:
    return path.removeprefix(base).lstrip("/")


def _extension(path: str) -> str:
    return splitext(path)[1].lower()


def _group_named_file(path: str, n_bytes: int) -> tuple[list[VideoFile], list[Reject]]:
    stem = splitext(basename(path))[0]
    if _extension(path) in VIDEO_EXTENSIONS:
        return [VideoFile(stem, path, n_bytes=n_bytes)], []
    if _extension(path) in FRAME_EXTENSIONS:
        return [VideoFile(stem, path, (path,), n_bytes)], []
    known = " ".join((*VIDEO_EXTENSIONS, *FRAME_EXTENSIONS))
    detail = f"{basename(path)!r} has no known video or image extension; known: {known}"
    return [], [Reject("ingest", stem, "unknown_extension", detail, path)]


def _group_frames(sizes: dict[str, int], base: str, taken: set[str]) -> tuple[list[VideoFile], list[Reject]]:
    """Frame folders; images beside video files (``taken`` folders: posters, thumbnails) are no frames."""
    folders: dict[str, list[str]] = defaultdict(list)
    for path in sizes:
        if _extension(path) in FRAME_EXTENSIONS and dirname(path) not in taken:
            folders[dirname(path)].append(path)
    videos, rejects = [], []
    for folder, frames in folders.items():
        video_id = _below(folder, base) or basename(folder) or "frames"
        kinds = {FRAME_KINDS[_extension(path)].upper() for path in frames}
        if len(kinds) > 1:
            held = " and ".join(sorted(kinds))
            detail = f"folder {folder!r} holds {held} files; keep one kind, the frames of one video"
            rejects.append(
                Reject("ingest", printable_path(video_id), "mixed_frame_types", detail, printable_path(folder))
            )
            continue
        frames.sort(key=playing_order(frames))
        videos.append(VideoFile(video_id, folder, tuple(frames), sum(sizes[path] for path in frames)))
    return videos, rejects


def _drop_undecodable(videos: Iterable[VideoFile], rejects: Iterable[Reject]) -> tuple[list[VideoFile], list[Reject]]:
    """Leave out videos whose path is not text, for tables and web pages cannot hold it, and add rejects for them."""
    kept, rejects = [], list(rejects)
    for video in videos:
        bad = next((path for path in (video.uri, *video.frames) if printable_path(path) != path), None)
        if bad is None:
            kept.append(video)
            continue
        detail = f"the name '{printable_path(bad)}' is not UTF-8; rename it, e.g. with convmv"
        rejects.append(
            Reject("ingest", printable_path(video.video_id), "name_not_utf8", detail, printable_path(video.uri))
        )
    return kept, rejects


def printable_path(path: str) -> str:
    r"""A path as text, with ``\xe9`` where a byte of it is not UTF-8; the same text when all of it is.

    >>> printable_path("caf\udce9.mp4")
    'caf\\xe9.mp4'
    """
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _drop_duplicates(videos: list[VideoFile]) -> tuple[list[VideoFile], list[Reject]]:
    by_id: dict[str, list[VideoFile]] = defaultdict(list)
    for video in sorted(videos, key=lambda video: (video.video_id, video.uri)):
        by_id[video.video_id].append(video)
    kept = [same[0] for same in by_id.values() if len(same) == 1]
    rejects = [
        Reject(
            "ingest",
            video_id,
            "duplicate_video_id",
            f"{' and '.join(repr(video.uri) for video in same)} share the video id {video_id!r}; rename all but one",
            same[0].uri,
        )
        for video_id, same in by_id.items()
        if len(same) > 1
    ]
    return kept, rejects

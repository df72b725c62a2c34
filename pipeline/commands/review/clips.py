"""Context clips of the tasks of a run: each video is decoded once more, sequentially, as far as its clips need it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.commands.review.session import ReviewSession
from pipeline.runs.filesystems import find_videos
from pipeline.runs.spool import VideoOpener
from pipeline.terminal.bar import bar
from pipeline.terminal.console import UsageProblem, console
from schemas.frames import Frame
from schemas.reviews import ReviewTask
from schemas.videos import Video
from stages.video import DecodeError, open_video
from verification_ui.media.clips import make_clips


def add_clips(session: ReviewSession, tasks: Iterable[ReviewTask]) -> None:
    """Make the clips that are not there yet; where a video cannot be read any more, say so and go on without."""
    missing = _missing(session, tasks)
    with bar("cutting clips", sum(map(len, missing.values()))) as advance:
        problems = list(_make(session, missing, advance))
    for problem in problems:
        console.print(f"No clips, because the video cannot be read: {problem}", markup=False)


def _missing(session: ReviewSession, tasks: Iterable[ReviewTask]) -> dict[str, dict[int, Path]]:
    """Video id → frame index → file."""
    missing: dict[str, dict[int, Path]] = defaultdict(dict)
    for task in tasks:
        file = session.media / session.maker.names(task).clip
        if not file.exists():
            missing[task.video_id][task.frame_idx] = file
    return missing


def _make(session: ReviewSession, missing: dict[str, dict[int, Path]], done: Callable[[int], None]) -> Iterator[str]:
    """Make them; yields why a video gave none."""
    for video_id, targets in missing.items():
        video = session.videos[video_id]
        try:
            with _opened(video, session.run.work) as frames:
                make_clips(frames, video.fps, targets, video.cuts, done)
        except (DecodeError, OSError, UsageProblem) as problem:
            yield f"{video_id}: {problem}"


@contextmanager
def _opened(video: Video, work: Path) -> Iterator[Iterator[Frame]]:
    """The frames of the video that was annotated.

    Raises:
        DecodeError: it cannot be read, or is another video.
        UsageProblem: nothing is at its address.
    """
    file = next((found for found in find_videos(video.uri)[0] if found.uri == video.uri), None)
    if file is None:
        raise UsageProblem(f"there is no video at {video.uri!r}")
    with open_video(file, VideoOpener(work)) as reader:
        yield _same(reader, video)


def _same(frames: Iterable[Frame], video: Video) -> Iterator[Frame]:
    for frame in frames:
        if frame.image.shape[:2] != (video.height, video.width):
            size = f"{video.width}x{video.height}"
            raise DecodeError("frame_size_changes", f"{video.uri!r} was {size} when it was annotated and no longer is")
        yield frame

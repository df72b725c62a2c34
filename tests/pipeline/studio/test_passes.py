"""One pass over a video goes on at a time: that of the video which people look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config import load_config
from pipeline.runs.folder import RunFolder
from pipeline.studio.workspace import HINTS, Workspace
from tests.pipeline.conftest import write_video
from tests.pipeline.studio.test_frame_cache import wait_until


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    for name in ("a", "b", "c"):
        write_video(tmp_path / "clips" / f"{name}.mp4", n_frames=200)
    run = RunFolder(tmp_path / "run")
    run.create()
    workspace = Workspace.of(
        run, load_config(None, {"videos": str(tmp_path / "clips"), "localizations": str(run.path / HINTS)})
    )
    yield workspace
    workspace.close()


def test_a_late_call_for_another_video_does_not_hold_the_one_that_was_opened(workspace: Workspace) -> None:
    first, second, third = workspace.files
    before = workspace.frames(first, is_opened=True)
    opened = workspace.frames(second, is_opened=True)
    assert workspace.frames(first) is before
    assert workspace.frames(second) is opened
    other = workspace.frames(third)
    assert [film.may_run.is_set() for film in (before, opened, other)] == [False, True, False] or opened.is_done
    assert wait_until(lambda: opened.is_whole)
    assert wait_until(lambda: before.is_whole), "its turn comes when nobody looks at another one that is not read"
    assert wait_until(lambda: other.is_whole)


def test_a_video_that_was_read_before_leaves_the_pass_to_another_one(workspace: Workspace) -> None:
    first, second, _ = workspace.files
    kept = workspace.frames(first, is_opened=True).own / "marks.npz"
    assert wait_until(kept.is_file)
    again = Workspace.of(workspace.run, workspace.config)
    waiting = again.frames(second, is_opened=True)
    assert again.frames(first, is_opened=True).is_whole
    assert wait_until(lambda: waiting.is_whole)
    again.close()

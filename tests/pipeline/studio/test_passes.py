"""One pass over a video goes on at a time: that of the video which people look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config import load_config
from pipeline.runs.folder import RunFolder
from pipeline.studio.bench import HINTS, Bench
from tests.pipeline.conftest import write_video
from tests.pipeline.studio.test_films import wait_until


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    for name in ("a", "b", "c"):
        write_video(tmp_path / "clips" / f"{name}.mp4", n_frames=200)
    run = RunFolder(tmp_path / "run")
    run.create()
    bench = Bench.of(
        run, load_config(None, {"videos": str(tmp_path / "clips"), "localizations": str(run.path / HINTS)})
    )
    yield bench
    bench.close()


def test_a_late_call_for_another_video_does_not_hold_the_one_that_was_opened(bench: Bench) -> None:
    first, second, third = bench.files
    before = bench.film(first, is_opened=True)
    opened = bench.film(second, is_opened=True)
    assert bench.film(first) is before
    assert bench.film(second) is opened
    other = bench.film(third)
    assert [film.may_run.is_set() for film in (before, opened, other)] == [False, True, False] or opened.is_done
    assert wait_until(lambda: opened.is_whole)
    assert wait_until(lambda: before.is_whole), "its turn comes when nobody looks at another one that is not read"
    assert wait_until(lambda: other.is_whole)


def test_a_video_that_was_read_before_leaves_the_pass_to_another_one(bench: Bench) -> None:
    first, second, _ = bench.files
    kept = bench.film(first, is_opened=True).own / "marks.npz"
    assert wait_until(kept.is_file)
    again = Bench.of(bench.run, bench.config)
    waiting = again.film(second, is_opened=True)
    assert again.film(first, is_opened=True).is_whole
    assert wait_until(lambda: waiting.is_whole)
    again.close()

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from schemas.frames import Frame
from verification_ui.media.clips import LONGEST_PX, Pace, make_clips, write_clip


def frames(n: int, size: tuple[int, int] = (60, 80), first: int = 0) -> Iterator[Frame]:
    """Grey frames whose brightness tells their index."""
    for i in range(first, n):
        yield Frame(i, i / 10, np.full((*size, 3), 20 + 4 * i, dtype=np.uint8), None)


def shown(path: Path) -> list[int]:
    """The indices that a clip shows, one a picture."""
    with av.open(str(path)) as film:
        images = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    return [round((float(image[20:-20, 20:-20].mean()) - 20) / 4) for image in images]


def facts(path: Path) -> tuple[str, str, int, int, Fraction]:
    with av.open(str(path)) as film:
        context = film.streams.video[0].codec_context
        return context.name, context.pix_fmt, context.height, context.width, film.streams.video[0].average_rate


def test_a_clip_shows_a_second_before_and_after_and_rests_on_the_frame(tmp_path: Path) -> None:
    ready: list[int] = []
    make_clips(frames(50), 10.0, {25: tmp_path / "a.mp4"}, done=ready.append)
    assert shown(tmp_path / "a.mp4") == [*range(15, 25), *[25] * 6, *range(26, 36)]
    assert facts(tmp_path / "a.mp4") == ("h264", "yuv420p", 60, 80, Fraction(10))
    assert ready == [1]


def test_only_the_asked_frame_has_a_border(tmp_path: Path) -> None:
    make_clips(frames(30), 10.0, {12: tmp_path / "a.mp4"})
    with av.open(str(tmp_path / "a.mp4")) as film:
        edges = [float(frame.to_ndarray(format="rgb24")[:2].mean()) > 200 for frame in film.decode(video=0)]
    assert [i for i, is_white in enumerate(edges) if is_white] == [10, 11, 12, 13, 14, 15]


def test_clips_end_where_the_video_does(tmp_path: Path) -> None:
    targets = {i: tmp_path / f"{i}.mp4" for i in (0, 3, 18, 19, 40)}
    make_clips(frames(20), 10.0, targets)
    assert shown(targets[0]) == [*[0] * 6, *range(1, 11)]
    assert shown(targets[3]) == [*range(3), *[3] * 6, *range(4, 14)]
    assert shown(targets[19]) == [*range(9, 19), *[19] * 6]
    assert not targets[40].exists()  # the video has no such frame any more


def test_a_clip_stays_within_its_shot(tmp_path: Path) -> None:
    make_clips(frames(50), 10.0, {25: tmp_path / "a.mp4", 30: tmp_path / "b.mp4"}, cuts=(22, 30))
    assert shown(tmp_path / "a.mp4") == [22, 23, 24, *[25] * 6, *range(26, 30)]
    assert shown(tmp_path / "b.mp4") == [*[30] * 6, *range(31, 41)]


def test_the_video_is_decoded_once_and_not_beyond_the_last_clip(tmp_path: Path) -> None:
    taken: list[int] = []

    def counted() -> Iterator[Frame]:
        for frame in frames(55):
            taken.append(frame.idx)
            yield frame

    make_clips(counted(), 10.0, {i: tmp_path / f"{i}.mp4" for i in (5, 7, 30)})
    assert taken == list(range(41))


def test_the_index_lies_in_front_of_the_pictures(tmp_path: Path) -> None:
    make_clips(frames(30), 10.0, {12: tmp_path / "a.mp4"})
    film = (tmp_path / "a.mp4").read_bytes()
    assert 0 < film.index(b"moov") < film.index(b"mdat")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.mp4"]


@pytest.mark.parametrize("size", [(60, 80), (58, 82), (64, 96)])
def test_a_clip_is_the_same_bytes_every_time(tmp_path: Path, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (20, *size, 3), dtype=np.uint8)
    for i in range(12):
        write_clip(tmp_path / f"{i}.mp4", list(noise), 5, Fraction(10))
    assert len({(tmp_path / f"{i}.mp4").read_bytes() for i in range(12)}) == 1


@pytest.mark.parametrize(
    ("size", "expected"), [((360, 1281), (180, 640)), ((1080, 1919), (360, 640)), ((61, 81), (60, 80))]
)
def test_sides_are_even_and_at_most_so_long(tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]) -> None:
    make_clips(frames(3, size), 2.0, {1: tmp_path / "a.mp4"})
    assert facts(tmp_path / "a.mp4")[2:4] == expected
    assert max(expected) <= LONGEST_PX


@pytest.mark.parametrize(
    ("fps", "step", "rate"),
    [(0.0, 1, 24), (29.97, 1, Fraction(2997, 100)), (30.0, 1, 30), (50.0, 2, 25), (60.0, 2, 30)],
)
def test_fast_videos_are_thinned_and_keep_the_asked_frame(fps: float, step: int, rate: Fraction) -> None:
    pace = Pace.of(fps)
    assert (pace.step, pace.rate) == (step, rate)
    assert 100 in pace.frames_around(100)
    assert len(pace.frames_around(100)) / float(rate) == pytest.approx(2.0, abs=0.06)

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from schemas.frames import Frame
from stages.video import open_video
from stages.video.corpus import find_local, group_files
from stages.video.shots import ShotCuts


def sequence(folder: Path, n_frames: int) -> list[np.ndarray]:
    return [cv2.imread(str(f))[..., ::-1] for f in sorted(folder.glob("*.jpg"))[:n_frames]]


def numbered(images: list[np.ndarray]) -> Iterator[Frame]:
    return (Frame(i, i / 25, image) for i, image in enumerate(images))


def small(images: list[np.ndarray]) -> list[np.ndarray]:
    return [cv2.resize(image, (214, 120), interpolation=cv2.INTER_AREA) for image in images]


def cuts_of(images: list[np.ndarray]) -> list[int]:
    """The cuts as they are known when their frames come; none may come to light later."""
    cuts = ShotCuts()
    known = [frame.idx for frame in cuts.watch(numbered(images)) if frame.idx in cuts.frames]
    assert cuts.frames == set(known)
    return known


def filled(level: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda image: np.full_like(image, level)


def scaled(gain: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda image: (image * gain).astype(np.uint8)


def half_green(image: np.ndarray) -> np.ndarray:
    broken = image.copy()
    broken[len(image) // 2 :] = (0, 154, 0)
    return broken


def lighter(image: np.ndarray) -> np.ndarray:
    return np.clip(image.astype(int) + 120, 0, 255).astype(np.uint8)


EVENTS = {
    "a flash": (filled(255), 1),
    "a flash of two frames": (filled(255), 2),
    "a flash that leaves outlines": (lighter, 2),
    "a black frame": (filled(0), 1),
    "a grey frame": (filled(128), 1),
    "a black stretch": (filled(0), 12),
    "a frame half broken": (half_green, 1),
    "two frames half broken": (half_green, 2),
    "lights off": (scaled(0.1), 99),
    "all lights off": (filled(0), 99),
    "lights off and on again": (scaled(0.1), 8),
}


def test_frames_come_through_in_order_and_untouched():
    images = [np.full((40, 60, 3), i, np.uint8) for i in range(7)]
    assert [f.idx for f in ShotCuts().watch(numbered(images))] == list(range(7))


def test_a_join_of_two_sequences_is_a_cut_and_is_known_when_its_frame_comes(davis):
    frames = davis / "JPEGImages/480p"
    cuts = ShotCuts()
    known = {}
    joined = sequence(frames / "dog", 20) + sequence(frames / "car-shadow", 20)
    for frame in cuts.watch(numbered(joined)):
        known[frame.idx] = frame.idx in cuts.frames
    assert [idx for idx, is_cut in known.items() if is_cut] == [20]


@pytest.mark.parametrize("name", ["blackswan", "bmx-trees", "breakdance", "car-shadow", "dog", "horsejump-high"])
def test_fast_motion_is_no_cut(davis, name):
    (video,), _ = group_files(find_local(str(davis / "JPEGImages/480p" / name)), str(davis / "JPEGImages/480p" / name))
    cuts = ShotCuts()
    with open_video(video) as reader:
        for _ in cuts.watch(reader):
            pass
    assert cuts.frames == set()


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("name", ["blackswan", "car-shadow", "horsejump-high"])
def test_what_disturbs_the_picture_and_leaves_the_scene_is_not_a_cut(davis, name, event):
    change, n_frames = EVENTS[event]
    images = small(sequence(davis / "JPEGImages/480p" / name, 30))
    changed = range(14, min(14 + n_frames, 30))
    assert cuts_of([change(image) if i in changed else image for i, image in enumerate(images)]) == []


@pytest.mark.parametrize("level", [0, 255])
def test_a_fade_out_and_in_is_not_a_cut(davis, level):
    images = small(sequence(davis / "JPEGImages/480p/breakdance", 36))
    shares = np.clip(np.abs(np.arange(36) - 18) / 8, 0, 1)
    faded = [(image * k + level * (1 - k)).astype(np.uint8) for image, k in zip(images, shares, strict=True)]
    assert cuts_of(faded) == []


def test_hard_cuts_between_sequences_are_found_on_their_frame(davis):
    folders = sorted((davis / "JPEGImages/480p").iterdir())
    shots = [small(sequence(folder, 12)) for folder in folders]
    joined = [image for shot in [*shots, *shots[-2::-1]] for image in shot]
    assert cuts_of(joined) == [12 * i for i in range(1, 11)]


@pytest.mark.parametrize("n_black", [1, 3])
def test_a_cut_through_black_is_a_cut(davis, n_black):
    frames = davis / "JPEGImages/480p"
    one, other = (small(sequence(frames / name, 14)) for name in ("dog", "car-shadow"))
    assert 14 in cuts_of(one + [filled(0)(one[0])] * n_black + other)


def test_another_scene_after_a_long_black_stretch_is_a_cut_where_it_begins(davis):
    frames = davis / "JPEGImages/480p"
    one, other = (small(sequence(frames / name, 14)) for name in ("dog", "car-shadow"))
    assert cuts_of(one + [filled(0)(one[0])] * 10 + other) == [24]


def test_a_flash_shortly_before_a_cut_leaves_the_cut(davis):
    frames = davis / "JPEGImages/480p"
    one, other = (small(sequence(frames / name, 20)) for name in ("blackswan", "breakdance"))
    one[10] = filled(255)(one[10])
    assert cuts_of(one + other) == [20]

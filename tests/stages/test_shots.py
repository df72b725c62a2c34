from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from schemas.frames import Frame
from stages.corpus import find_local, group_files
from stages.frames import open_video
from stages.shots import ShotCuts


def sequence(folder: Path, n_frames: int) -> list[np.ndarray]:
    return [cv2.imread(str(f))[..., ::-1] for f in sorted(folder.glob("*.jpg"))[:n_frames]]


def numbered(images: list[np.ndarray]) -> Iterator[Frame]:
    return (Frame(i, i / 25, image) for i, image in enumerate(images))


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

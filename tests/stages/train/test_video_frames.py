"""Frames of training clips from the videos themselves: those that a sequential pass gives."""

from __future__ import annotations

import pickle

import av
import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset

from schemas.video_files import VideoFile
from stages.train.video_frames import VideoFrames
from stages.video import open_video

N_FRAMES = 12


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Video ids and files: two videos with a colour a frame, and a folder of pictures."""
    root = tmp_path_factory.mktemp("videos")
    for number, name in enumerate(("a", "b")):
        with av.open(str(root / f"{name}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for idx in range(N_FRAMES):
                image = np.full((48, 64, 3), 20 * idx + number, dtype=np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode())
    return {name: VideoFile(name, str(root / f"{name}.mp4")) for name in ("a", "b")}


def sequential(file):
    with open_video(file) as reader:
        return {frame.idx: frame.image for frame in reader}


def test_frames_are_those_of_a_sequential_pass_in_any_order(videos):
    wanted, read = {name: sequential(file) for name, file in videos.items()}, VideoFrames(videos.__getitem__)
    for name, idx in [("a", 0), ("a", 5), ("a", 5), ("b", 3), ("a", 6), ("a", 11), ("a", 2), ("b", 11), ("b", 0)]:
        assert np.array_equal(read(name, idx), wanted[name][idx])
    again = pickle.loads(pickle.dumps(read))
    assert np.array_equal(again("b", 7), wanted["b"][7])


def test_a_frame_that_is_not_there_is_named(videos, tmp_path):
    read = VideoFrames({**videos, "gone": VideoFile("gone", str(tmp_path / "gone.mp4"))}.__getitem__)
    with pytest.raises(FileNotFoundError, match="frame 12 of 'a' cannot be read"):
        read("a", N_FRAMES)
    assert read("a", 1).shape == (48, 64, 3)
    with pytest.raises(FileNotFoundError, match="frame 0 of 'gone' cannot be read"):
        read("gone", 0)


class Frames(Dataset):
    def __init__(self, read):
        self.read = read

    def __len__(self):
        return N_FRAMES

    def __getitem__(self, idx):
        return self.read("a", idx)


def test_workers_do_not_share_the_open_video_of_their_parent(videos):
    read, wanted = VideoFrames(videos.__getitem__), sequential(videos["a"])
    read("a", 3)
    found = list(DataLoader(Frames(read), None, num_workers=2))
    assert all(np.array_equal(found[idx].numpy(), wanted[idx]) for idx in range(N_FRAMES))
    assert np.array_equal(read("a", 4), wanted[4])

from __future__ import annotations

import struct
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import av
import pytest

from schemas.video_files import VideoFile
from stages.video import DecodeError, open_video

GOP = 8  # of write_clip


def damage(path: Path, numbers: Collection[int]) -> Path:
    """Overwrite packets, given by their numbers in decode order."""
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for start, size in (packets[number] for number in numbers):
        content[start + 5 : start + size] = bytes([255]) * (size - 5)
    path.write_bytes(content)
    return path


def decode(path: Path):
    with open_video(VideoFile("clip", str(path))) as reader:
        frames = list(reader)
        return frames, reader


def to_next_key(number: int) -> range:
    return range(number, number - number % GOP + GOP)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("clip.mkv", "libvpx-vp9", "yuv420p"),
        ("clip.webm", "libvpx", "yuv420p"),
        ("clip.mp4", "mpeg4", "yuv420p"),
        ("clip.avi", "mpeg4", "yuv420p"),
        ("clip.mkv", "ffv1", "yuv444p"),
    ],
)
@pytest.mark.parametrize("broken", [[13], [0], [2, 20, 30]])
def test_frames_from_a_damaged_one_to_the_next_key_frame_are_lost_and_all_others_keep_their_indices(
    write_clip, read_number, name, codec, pix_fmt, broken
):
    path = damage(write_clip(name, codec=codec, pix_fmt=pix_fmt, n_frames=40, noisy=True), broken)
    frames, reader = decode(path)
    assert reader.lost == [to_next_key(number) for number in broken]
    assert [frame.idx for frame in frames] == [i for i in range(40) if not any(i in part for part in reader.lost)]
    assert [read_number(frame.image) for frame in frames] == [frame.idx for frame in frames]
    assert (reader.video().n_frames, reader.video().truncated) == (40, False)
    assert all(abs(time * 25 - i) < 1.5 for i, time in enumerate(reader.times_s))  # of lost frames it is estimated
    assert all(later > time for time, later in pairwise(reader.times_s))


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("clip.mp4", "libx264", "yuv420p"),
        ("clip.mkv", "libx264", "yuv420p"),
        ("clip.avi", "libx264", "yuv420p"),
        ("clip.mp4", "libx265", "yuv420p"),
        ("clip.mp4", "mpeg2video", "yuv420p"),
    ],
)
@pytest.mark.parametrize("broken", [[13], [0], [2, 20, 30]])
def test_of_reordered_frames_those_not_predicted_from_the_damage_are_kept(
    write_clip, read_number, name, codec, pix_fmt, broken
):
    path = write_clip(name, codec=codec, pix_fmt=pix_fmt, n_frames=40, noisy=True)
    with av.open(str(path)) as container:
        keys = [i for i, p in enumerate(p for p in container.demux(video=0) if p.size) if p.is_keyframe]
    frames, reader = decode(damage(path, broken))
    kept = {frame.idx for frame in frames}
    ends = {number: next((key for key in keys if key > number), 40) for number in broken}
    near = {i for number, end in ends.items() for i in range(number - 3, end + 3)}
    assert {i for i in range(40) if i not in near} <= kept
    assert not any(i in kept for number, end in ends.items() for i in range(number + 3, end - 3))
    assert [read_number(frame.image) for frame in frames] == [frame.idx for frame in frames]
    assert (reader.video().n_frames, reader.video().truncated) == (40, False)
    assert [round(time * 25) for time in reader.times_s] == list(range(40))


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"), [("clip.avi", "mjpeg", "yuvj420p"), ("clip.mov", "prores_ks", "yuv422p10le")]
)
def test_where_every_frame_is_a_key_frame_only_the_damaged_one_is_lost(write_clip, read_number, name, codec, pix_fmt):
    frames, reader = decode(damage(write_clip(name, codec=codec, pix_fmt=pix_fmt, n_frames=12), [0, 5, 11]))
    assert reader.lost == [range(1), range(5, 6), range(11, 12)]
    assert [read_number(frame.image) for frame in frames] == [frame.idx for frame in frames]
    assert reader.video().n_frames == 12


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
@pytest.mark.parametrize("n_packets", [1, 9, 50, 70])
@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_lost_piece_of_a_transport_stream_shifts_no_index(write_clip, read_number, codec, n_packets, share):
    path = write_clip("clip.ts", codec=codec, noisy=True, n_frames=60, height=96, width=256)
    content = path.read_bytes()
    first = 188 * int(share * len(content) / 188)
    path.write_bytes(content[:first] + content[first + 188 * n_packets :])
    frames, reader = decode(path)
    assert reader.video().n_frames == 60
    assert 30 < len(frames) < 60 or n_packets == 1  # which may be one of the tables
    assert [read_number(frame.image) for frame in frames] == [frame.idx for frame in frames]
    assert [round(time * 25) for time in reader.times_s] == list(range(60))


@pytest.mark.parametrize(
    ("name", "codec"), [("clip.mkv", "libx264"), ("clip.webm", "libvpx-vp9"), ("clip.flv", "libx264")]
)
def test_frames_whose_heads_are_damaged_too_shift_no_index(write_clip, read_number, name, codec):
    path = write_clip(name, codec=codec, noisy=True, n_frames=40, height=96, width=256)
    with av.open(str(path)) as container:
        starts = [packet.pos for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    content[starts[18] - 30 : starts[20]] = bytes(starts[20] - starts[18] + 30)
    path.write_bytes(content)
    frames, reader = decode(path)
    assert reader.video().n_frames == 40
    assert 25 <= len(frames) < 39
    assert [read_number(frame.image) for frame in frames] == [frame.idx for frame in frames]


def test_three_joined_transport_streams_are_one_sound_video(write_clip, read_number):
    parts = [write_clip(f"{i}.ts", n_frames=20, first=20 * i) for i in range(3)]
    path = parts[0].with_name("joined.ts")
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames, reader = decode(path)
    assert [read_number(frame.image) for frame in frames] == [frame.idx for frame in frames] == list(range(60))
    assert [round(time * 25) for time in reader.times_s] == list(range(60))
    assert (reader.lost, reader.video().truncated) == ([], False)


@pytest.mark.parametrize("name", ["vfr.mkv", "vfr.ts", "vfr.mp4", "vfr.avi"])
def test_frames_that_were_dropped_before_encoding_are_no_damage(write_clip, read_number, name):
    mjpeg = {"codec": "mjpeg", "pix_fmt": "yuvj420p"} if name.endswith("avi") else {}
    times = [*range(0, 320, 40), *range(480, 960, 40), 2000]
    frames, reader = decode(write_clip(name, n_frames=len(times), times=times, **mjpeg))
    assert [read_number(frame.image) for frame in frames] == list(range(len(times)))
    assert (reader.lost, reader.video().n_frames, reader.video().truncated) == ([], len(times), False)


def test_an_edit_list_that_ends_early_is_no_cut(write_clip, read_number):
    path = write_clip(n_frames=32)
    content = bytearray(path.read_bytes())
    entry = content.index(b"elst") + 12
    length = int.from_bytes(content[entry : entry + 4], "big")
    content[entry : entry + 4] = (length // 2).to_bytes(4, "big")
    path.write_bytes(content)
    frames, reader = decode(path)
    assert [read_number(frame.image) for frame in frames] == list(range(reader.n_frames))
    assert 15 <= reader.n_frames <= 18
    assert (reader.lost, reader.video().truncated) == ([], False)


def test_a_stream_without_further_key_frames_is_taken_up_again(write_clip):
    path = damage(write_clip("clip.webm", codec="libvpx", n_frames=60, gop=200, noisy=True), [10])
    frames, reader = decode(path)
    assert reader.lost == [range(10, 41)]
    assert [frame.idx for frame in frames] == [*range(10), *range(41, 60)]


def test_a_video_larger_than_the_limit_is_refused_from_the_header(write_clip):
    path = write_clip("bomb.avi", codec="mjpeg", pix_fmt="yuvj420p", n_frames=1, height=48, width=64)
    content = path.read_bytes()
    for small, large in (("<II", (64, 48)), (">HH", (48, 64))):
        pair = (12000, 9000) if small == "<II" else (9000, 12000)
        content = content.replace(struct.pack(small, *large), struct.pack(small, *pair))
    path.write_bytes(content)
    with pytest.raises(DecodeError, match="12000x9000 pixels is too large") as caught:
        decode(path)
    assert caught.value.error == "too_large"

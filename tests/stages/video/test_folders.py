from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from schemas.video_files import VideoFile
from stages.video import DecodeError, frame_as_jpeg, open_video, probe
from stages.video.corpus import find_local, group_files


def decode(folder: Path):
    (file,), _ = group_files(find_local(str(folder)), str(folder))
    with open_video(file) as reader:
        return list(reader), reader.video()


def write_jpeg(path: Path, level: int, shape=(20, 30)) -> bytes:
    content = cv2.imencode(".jpg", np.full((*shape, 3), level, np.uint8))[1].tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return content


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x112, 3, 1, orientation, 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + jpeg[2:]


def test_a_jpeg_folder_yields_its_own_bytes(tmp_path):
    contents = [write_jpeg(tmp_path / f"{i:05d}.jpg", 40 * i) for i in range(4)]
    frames, video = decode(tmp_path)
    assert [frame.jpeg for frame in frames] == contents
    assert [round(frame.image.mean() / 40) for frame in frames] == [0, 1, 2, 3]
    assert (video.codec, video.n_frames, video.height, video.width) == ("jpeg", 4, 20, 30)
    assert (video.fps, video.duration_s, video.rotation_deg) == (0.0, 0.0, 0)


def test_a_frame_is_shown_as_it_is_where_a_reader_that_decodes_it_says_so(tmp_path):
    plain = write_jpeg(tmp_path / "00000.jpg", 40)
    (tmp_path / "00001.jpg").write_bytes(with_orientation(plain, 6))
    Image.new("CMYK", (30, 20)).save(tmp_path / "00002.jpg")
    Image.new("RGB", (30, 20)).save(tmp_path / "00003.jpg", format="PNG")
    paths = tuple(str(path) for path in sorted(tmp_path.iterdir()))
    for path in paths:
        with open_video(VideoFile("v", path, frames=(path,))) as reader:
            (frame,) = reader
        assert frame_as_jpeg(VideoFile("v", path, frames=(path,)), 0) == frame.jpeg
    assert frame_as_jpeg(VideoFile("v", str(tmp_path), frames=paths), 0) == plain
    assert frame_as_jpeg(VideoFile("v", str(tmp_path), frames=paths), 4) is None
    assert frame_as_jpeg(VideoFile("v", "film.mp4"), 0) is None


def test_the_index_is_the_position_whatever_the_numbering(tmp_path):
    for number in (2, 10, 9, 300):
        write_jpeg(tmp_path / f"{number}.jpg", min(number, 255))
    frames, _ = decode(tmp_path)
    assert [frame.idx for frame in frames] == [0, 1, 2, 3]
    assert [round(frame.image.mean()) for frame in frames] == [2, 9, 10, 255]


@pytest.mark.parametrize(
    ("image", "rgb"),
    [
        (Image.new("L", (4, 3), 100), (100, 100, 100)),
        (Image.new("RGBA", (4, 3), (10, 20, 30, 0)), (10, 20, 30)),
        (Image.new("RGB", (4, 3), (10, 20, 30)).quantize(2), (10, 20, 30)),
        (Image.new("1", (4, 3), 1), (255, 255, 255)),
        (Image.fromarray(np.full((3, 4), 0x6400, np.uint16)), (100, 100, 100)),
    ],
    ids=["gray", "alpha", "palette", "one bit", "sixteen bits"],
)
def test_every_kind_of_png_becomes_rgb(tmp_path, image, rgb):
    image.save(tmp_path / "00000.png")
    frames, video = decode(tmp_path)
    assert frames[0].image.shape == (3, 4, 3)
    assert frames[0].image.dtype == np.uint8
    assert frames[0].image[1, 1].tolist() == list(rgb)
    assert frames[0].jpeg is None
    assert video.codec == "png"


def test_a_gray_jpeg_becomes_rgb(tmp_path):
    Image.new("L", (4, 3), 100).save(tmp_path / "00000.jpg")
    assert decode(tmp_path)[0][0].image[0, 0].tolist() == [100, 100, 100]


def test_exif_orientation_is_applied_and_the_bytes_then_withheld(tmp_path):
    jpeg = write_jpeg(tmp_path / "0.jpg", 50, (20, 30))
    (tmp_path / "0.jpg").write_bytes(with_orientation(jpeg, 6))
    frames, video = decode(tmp_path)
    assert (video.height, video.width) == (30, 20)
    assert frames[0].jpeg is None


def test_exif_that_says_upright_keeps_the_bytes(tmp_path):
    jpeg = with_orientation(write_jpeg(tmp_path / "0.jpg", 50), 1)
    (tmp_path / "0.jpg").write_bytes(jpeg)
    assert decode(tmp_path)[0][0].jpeg == jpeg


@pytest.mark.parametrize("broken", [0, 2, 3])
@pytest.mark.parametrize("kind", ["empty", "text", "cut off"])
def test_a_damaged_frame_is_left_out_and_the_others_keep_their_indices(tmp_path, broken, kind):
    for number in range(4):
        jpeg = write_jpeg(tmp_path / f"{number}.jpg", 50 * number)
    content = {"empty": b"", "text": b"no image", "cut off": jpeg[: len(jpeg) * 2 // 3]}[kind]
    (tmp_path / f"{broken}.jpg").write_bytes(content)
    (file,), _ = group_files(find_local(str(tmp_path)), str(tmp_path))
    with open_video(file) as reader:
        frames = list(reader)
        assert [frame.idx for frame in frames] == [i for i in range(4) if i != broken]
        assert [round(frame.image.mean() / 50) for frame in frames] == [frame.idx for frame in frames]
        assert reader.lost == [range(broken, broken + 1)]
        assert (reader.video().n_frames, reader.video().truncated) == (4, False)


def test_a_frame_that_is_gone_when_it_is_read_is_missing_and_not_damaged(tmp_path):
    write_jpeg(tmp_path / "0.jpg", 50)
    file = VideoFile("v", str(tmp_path), (str(tmp_path / "0.jpg"), str(tmp_path / "1.jpg")))
    with open_video(file) as reader, pytest.raises(DecodeError, match="missing_file"):
        list(reader)


def test_a_folder_of_damaged_frames_is_refused(tmp_path):
    (tmp_path / "0.jpg").write_bytes(b"no image")
    with pytest.raises(DecodeError, match="damaged"):
        decode(tmp_path)


def test_frames_of_different_sizes_are_refused(tmp_path):
    write_jpeg(tmp_path / "0.jpg", 1, (20, 30))
    write_jpeg(tmp_path / "1.jpg", 1, (20, 32))
    with pytest.raises(DecodeError, match="30x20 to 32x20 at frame 1"):
        decode(tmp_path)


def test_a_probe_counts_the_files(tmp_path):
    for number in range(3):
        write_jpeg(tmp_path / f"{number}.jpg", 50)
    (file,), _ = group_files(find_local(str(tmp_path)), str(tmp_path))
    found = probe(file)
    assert (found.n_frames, found.height, found.width, found.fps) == (3, 20, 30, 0.0)


def test_facts_before_the_first_frame_are_refused(tmp_path):
    write_jpeg(tmp_path / "0.jpg", 50)
    file = VideoFile("v", str(tmp_path), (str(tmp_path / "0.jpg"),))
    with open_video(file) as reader, pytest.raises(ValueError, match="no frames"):
        reader.video()


def test_davis_frames_come_in_order(davis):
    folder = davis / "JPEGImages/480p/dog"
    frames, video = decode(folder)
    assert (video.n_frames, video.height, video.width) == (60, 480, 854)
    assert frames[17].jpeg == (folder / "00017.jpg").read_bytes()


@pytest.mark.parametrize("extension", ["bmp", "webp", "tif", "png"])
def test_pictures_of_every_kind_are_read(tmp_path, extension):
    for number in range(3):
        Image.new("RGB", (30, 20), (40 * number, 10, 200)).save(tmp_path / f"{number:05d}.{extension}", lossless=True)
    frames, video = decode(tmp_path)
    assert [frame.image[5, 5].tolist() for frame in frames] == [[0, 10, 200], [40, 10, 200], [80, 10, 200]]
    assert [frame.jpeg for frame in frames] == [None] * 3
    assert video.codec == {"tif": "tiff"}.get(extension, extension)


def test_numbered_gifs_of_one_picture_are_the_frames_of_one_video(tmp_path):
    for number in range(3):
        Image.new("RGB", (30, 20), (40 * number, 10, 200)).save(tmp_path / f"{number:05d}.gif")
    (file,), _ = group_files(find_local(str(tmp_path)), str(tmp_path), lambda path: False)
    with open_video(file) as reader:
        assert [frame.image[5, 5].tolist() for frame in reader] == [[0, 10, 200], [40, 10, 200], [80, 10, 200]]


def test_an_animated_gif_is_a_video(tmp_path):
    pictures = [Image.new("RGB", (30, 20), (40 * number, 10, 200)) for number in range(5)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100)
    frames, video = decode(tmp_path / "a.gif")
    assert [frame.image[5, 5].tolist()[0] for frame in frames] == [0, 40, 80, 120, 160]
    assert (video.codec, video.n_frames, video.fps) == ("gif", 5, 10.0)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGB"), ("WEBP", "RGB"), ("JPEG", "CMYK")])
def test_bytes_that_are_no_plain_jpeg_are_withheld_whatever_the_file_is_named(tmp_path, kind, mode):
    Image.new("RGB", (30, 20), (220, 30, 40)).convert(mode).save(tmp_path / "0.jpg", kind, quality=95)
    (frame,), _ = decode(tmp_path)
    assert np.abs(frame.image[5, 5].astype(int) - (220, 30, 40)).max() <= 3
    assert frame.jpeg is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_behind_a_large_profile_is_applied_as_another_reader_does(tmp_path, orientation):
    jpeg = cv2.imencode(".jpg", np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3))[1].tobytes()
    profile = b"".join(
        b"\xff\xe2" + struct.pack(">H", 65016) + b"ICC_PROFILE\0" + bytes([i, 2]) + bytes(65000) for i in (1, 2)
    )
    turned = with_orientation(jpeg, orientation)
    (tmp_path / "0.jpg").write_bytes(turned[:2] + profile + turned[2:])
    (frame,), _ = decode(tmp_path)
    with Image.open(tmp_path / "0.jpg") as opened:
        theirs = np.asarray(ImageOps.exif_transpose(opened).convert("RGB")).astype(int)
    assert np.abs(frame.image.astype(int) - theirs).max() <= 3
    assert (frame.jpeg is not None) == (orientation == 1)


def test_a_picture_bomb_is_refused_from_its_header(tmp_path):
    jpeg = bytearray(write_jpeg(tmp_path / "0.jpg", 50))
    size = jpeg.index(b"\xff\xc0") + 5
    jpeg[size : size + 4] = struct.pack(">HH", 65500, 65500)
    (tmp_path / "0.jpg").write_bytes(jpeg)
    with pytest.raises(DecodeError, match=r"too_large.*65500x65500"):
        decode(tmp_path)

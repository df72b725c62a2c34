from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from schemas.video_files import VideoFile
from stages.video import DecodeError, open_video, probe


def decode(path: Path):
    with open_video(VideoFile("clip", str(path))) as reader:
        return list(reader), reader.video()


def refusal(path: Path) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode(path)
    assert path.name in caught.value.detail
    return caught.value


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "decoder"),
    [
        ("clip.mp4", "libx264", "yuv420p", "h264"),
        ("clip.mov", "libx264", "yuv420p", "h264"),
        ("clip.mkv", "libx264", "yuv420p", "h264"),
        ("clip.ts", "libx264", "yuv420p", "h264"),
        ("clip.webm", "libvpx-vp9", "yuv420p", "vp9"),
        ("clip.avi", "mjpeg", "yuvj420p", "mjpeg"),
        ("clip.mjpeg", "mjpeg", "yuvj420p", "mjpeg"),
    ],
)
def test_every_frame_has_the_index_that_its_pixels_tell(write_clip, read_number, name, codec, pix_fmt, decoder):
    frames, video = decode(write_clip(name, codec=codec, pix_fmt=pix_fmt))
    assert [frame.idx for frame in frames] == list(range(20))
    assert [read_number(frame.image) for frame in frames] == list(range(20))
    assert [round(frame.time_s * 25) for frame in frames] == list(range(20))
    assert (video.codec, video.n_frames, video.height, video.width) == (decoder, 20, 48, 64)
    assert video.fps == pytest.approx(25)
    assert video.duration_s == pytest.approx(0.8)
    assert not video.truncated


@pytest.mark.parametrize(("height", "width"), [(47, 65), (1, 1), (3, 500)])
def test_odd_sizes_keep_every_pixel(write_clip, height, width):
    frames, video = decode(write_clip("odd.mp4", height=height, width=width, n_frames=2, pix_fmt="yuv444p"))
    assert frames[0].image.shape == (height, width, 3)
    assert (video.height, video.width) == (height, width)


def test_a_clip_of_one_frame_is_a_video(write_clip, read_number):
    frames, video = decode(write_clip(n_frames=1))
    assert [read_number(frame.image) for frame in frames] == [0]
    assert (video.n_frames, video.duration_s, video.fps) == (1, 0.04, 25.0)


def test_an_8k_frame_decodes(write_clip):
    frames, video = decode(write_clip("large.mp4", height=4320, width=7680, n_frames=1))
    assert frames[0].image.shape == (4320, 7680, 3)
    assert (video.height, video.width) == (4320, 7680)


def test_times_of_a_variable_frame_rate_come_from_the_container(write_clip, read_number):
    times = [0, 40, 50, 300, 310, 1000]
    frames, video = decode(write_clip("vfr.mkv", n_frames=6, times=times))
    assert [round(frame.time_s * 1000) for frame in frames] == times
    assert [read_number(frame.image) for frame in frames] == list(range(6))
    assert video.fps == pytest.approx(6 / video.duration_s, abs=1e-6)


@pytest.mark.parametrize(("degrees", "clockwise"), [(90, 270), (-90, 90), (180, 180)])
def test_rotation_is_applied_as_another_decoder_does(write_clip, degrees, clockwise):
    path = write_clip(rotation=degrees, n_frames=2)
    frames, video = decode(path)
    other = cv2.VideoCapture(str(path)).read()[1][..., ::-1]
    assert video.rotation_deg == clockwise
    assert (video.height, video.width) == frames[0].image.shape[:2] == other.shape[:2]
    assert np.abs(frames[0].image.astype(int) - other).max() <= 2


def test_a_mirrored_clip_is_shown_mirrored(write_clip):
    plain, _ = decode(write_clip("plain.mp4", n_frames=3))
    mirrored, video = decode(write_clip("mirrored.mp4", n_frames=3, rotation=0, flip=True))
    np.testing.assert_array_equal(mirrored[2].image, plain[2].image[:, ::-1])
    assert (video.height, video.width) == (48, 64)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.webm", "libvpx-vp9"), ("a.ts", "libx264")]
)
def test_a_truncated_video_gives_the_frames_before_the_cut(write_clip, read_number, name, codec):
    path = write_clip(name, codec=codec, faststart=name == "a.mp4", noisy=True, n_frames=60)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    frames, video = decode(path)
    assert video.truncated
    assert 10 < video.n_frames < 60
    assert video.n_frames - 1 <= len(frames)  # of reordered frames, one before the last may be the one cut in two
    assert [read_number(frame.image) for frame in frames] == [frame.idx for frame in frames]


def test_an_mp4_cut_before_its_index_is_refused(write_clip):
    path = write_clip()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert refusal(path).error == "not_a_video"


def test_a_clip_whose_frames_are_all_gone_is_damaged(write_clip):
    path = write_clip(faststart=True)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + 8])
    assert refusal(path).error == "damaged"


def test_sound_without_pictures_is_refused(tmp_path):
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    found = refusal(path)
    assert found.error == "no_video_stream"
    assert "holds audio and no video" in found.detail


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "empty_file"),
        (b"not a video at all " * 100, "not_a_video"),
        (b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n", "not_a_video"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "not_a_video"),
        (b"\x00" * 5000, "not_a_video"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path, content, error):
    path = tmp_path / "text.mp4"
    path.write_bytes(content)
    assert refusal(path).error == error


def test_a_missing_file_is_refused(tmp_path):
    assert refusal(tmp_path / "gone.mp4").error == "missing_file"


def test_a_folder_in_place_of_a_file_is_unreadable(tmp_path):
    assert refusal(tmp_path).error == "unreadable"


@pytest.mark.parametrize("name", ["ein  Bär läuft 熊.mp4", "a:b%20#?.mp4", f"{'long' * 62}.mp4", "http:clip.mp4"])
def test_any_file_name_will_do(write_clip, read_number, tmp_path, name):
    path = write_clip("plain.mp4", n_frames=3).rename(tmp_path / name)
    frames, _ = decode(path)
    assert [read_number(frame.image) for frame in frames] == [0, 1, 2]


def test_an_opener_reads_from_elsewhere(write_clip, read_number):
    path = write_clip(n_frames=4)
    with open_video(VideoFile("clip", "far://clip.mp4"), opener=lambda uri: path.open("rb")) as reader:
        assert [read_number(frame.image) for frame in reader] == [0, 1, 2, 3]


@pytest.mark.parametrize("n_reads", [0, 1, 5])
def test_a_source_that_fails_on_the_way_is_unreadable_and_not_truncated(write_clip, n_reads):
    path = write_clip(faststart=True, noisy=True, n_frames=60)

    class FailingFile(io.FileIO):
        left = n_reads

        def read(self, size=-1):
            self.left -= 1
            if self.left < 0:
                raise OSError("the network is gone")
            return super().read(min(size, 4096))

    with (
        pytest.raises(DecodeError, match=r"unreadable.*the network is gone"),
        open_video(VideoFile("clip", "far://clip.mp4"), opener=lambda uri: FailingFile(path)) as reader,
    ):
        list(reader)


def test_a_probe_tells_size_and_length_from_the_first_frame(write_clip):
    found = probe(VideoFile("clip", str(write_clip(n_frames=30, rotation=90))))
    assert (found.n_frames, found.height, found.width, found.fps) == (30, 64, 48, 25.0)
    assert found.key_frames == (0, 8, 16, 24)
    found = probe(VideoFile("clip", str(write_clip("clip.mkv", n_frames=30))))
    assert (found.n_frames, found.key_frames) == (30, ())


def test_a_size_that_changes_within_a_video_is_refused(write_clip):
    mjpeg = {"codec": "mjpeg", "pix_fmt": "yuvj420p", "n_frames": 5}
    parts = [write_clip("a.mjpeg", **mjpeg), write_clip("b.mjpeg", height=96, width=128, **mjpeg)]
    path = parts[0].with_name("joined.mjpeg")
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    found = refusal(path)
    assert found.error == "frame_size_changes"
    assert "64x48 to 128x96" in found.detail


def test_damaged_input_prints_nothing(write_clip):
    path = write_clip(faststart=True, noisy=True, n_frames=60)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    code = (
        "from schemas.video_files import VideoFile; from stages.video import open_video\n"
        f"with open_video(VideoFile('clip', {str(path)!r})) as reader: list(reader)"
    )
    repository = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=repository, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_memory_does_not_grow_with_the_length(write_clip):
    code = (
        "import resource, sys; from schemas.video_files import VideoFile; from stages.video import open_video\n"
        "with open_video(VideoFile('clip', sys.argv[1])) as reader:\n"
        "    for frame in reader: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak_kb(path: Path) -> int:
        repository = Path(__file__).parents[3]
        command = [sys.executable, "-c", code, str(path)]
        return int(subprocess.run(command, capture_output=True, cwd=repository, check=True, text=True).stdout)

    short = peak_kb(write_clip("short.mp4", n_frames=20, height=240, width=320))
    long = peak_kb(write_clip("long.mp4", n_frames=250, height=240, width=320))  # frames together: 58 MB
    assert long < short + 12_000


def test_real_narrated_frames_are_where_their_names_say(shared_data):
    from schemas.coords import frame_stem_to_idx

    stills = sorted((shared_data / "vidln/frames/OVIS_train/71217dfc").glob("*.jpg"))
    frames, _ = decode(shared_data / "vidln/videos/OVIS_train/71217dfc.mp4")
    for still in stills:
        shown = cv2.imread(str(still))[..., ::-1].astype(int)
        distances = [np.abs(frame.image.astype(int) - shown).mean() for frame in frames]
        idx = frame_stem_to_idx(still.stem)
        assert int(np.argmin(distances)) == idx
        assert all(distances[idx] < 0.7 * distances[i] for i in (idx - 1, idx + 1) if 0 <= i < len(frames))


def test_real_frames_agree_with_another_decoder_index_by_index(shared_data):
    (path,) = (shared_data / "vidln/videos/oops_train").glob("*.mp4")
    other = cv2.VideoCapture(str(path))
    with open_video(VideoFile("clip", str(path))) as reader:
        for frame in reader:
            theirs = other.read()[1][::8, ::8, ::-1].astype(int)
            assert np.abs(frame.image[::8, ::8].astype(int) - theirs).mean() < 1.5
        assert reader.video().n_frames == 96
    assert not other.read()[0]


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("clip.m2ts", "libx264", "yuv420p"),
        ("clip.flv", "libx264", "yuv420p"),
        ("clip.avi", "libx264", "yuv420p"),
        ("clip.h264", "libx264", "yuv420p"),
        ("clip.mp4", "libx265", "yuv420p"),
        ("clip.ts", "libx265", "yuv420p"),
        ("clip.hevc", "libx265", "yuv420p"),
        ("clip.mpg", "mpeg2video", "yuv420p"),
        ("clip.vob", "mpeg2video", "yuv420p"),
        ("clip.m2v", "mpeg2video", "yuv420p"),
        ("clip.mxf", "mpeg2video", "yuv422p"),
        ("clip.3gp", "mpeg4", "yuv420p"),
        ("clip.m4v", "mpeg4", "yuv420p"),
        ("clip.avi", "mpeg4", "yuv420p"),
        ("clip.asf", "msmpeg4v3", "yuv420p"),
        ("clip.wmv", "wmv2", "yuv420p"),
        ("clip.ivf", "libvpx-vp9", "yuv420p"),
        ("clip.ogv", "libvpx", "yuv420p"),
        ("clip.mp4", "libsvtav1", "yuv420p"),
        ("clip.obu", "libsvtav1", "yuv420p"),
        ("clip.mov", "prores_ks", "yuv422p10le"),
        ("clip.mkv", "ffv1", "yuv444p"),
        ("clip.nut", "ffv1", "yuv444p"),
        ("clip.gif", "gif", "gray"),
    ],
)
def test_indices_and_times_are_exact_in_every_kind_of_file(write_clip, read_number, name, codec, pix_fmt):
    path = write_clip(name, codec=codec, pix_fmt=pix_fmt, height=96, width=128)
    assert sys.platform != "linux" or os.sched_getscheduler(0) == os.SCHED_OTHER
    with open_video(VideoFile("clip", str(path))) as reader:
        frames = list(reader)
        assert [read_number(frame.image) for frame in frames] == [frame.idx for frame in frames] == list(range(20))
        assert [round(frame.time_s * 25) for frame in frames] == list(range(20))
        assert (reader.lost, reader.video().n_frames, reader.video().truncated) == ([], 20, False)


def test_uncompressed_frames_are_read(tmp_path, read_number, draw_number):
    planes = [draw_number(number, 48, 64)[..., 0].tobytes() + bytes([128]) * (48 * 64 // 2) for number in range(5)]
    path = tmp_path / "clip.y4m"
    path.write_bytes(b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg\n" + b"".join(b"FRAME\n" + plane for plane in planes))
    frames, _ = decode(path)
    assert [read_number(frame.image) for frame in frames] == list(range(5))


def test_the_default_and_larger_of_several_video_streams_is_the_film(tmp_path, read_number, draw_number):
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        preview = container.add_stream("mjpeg", rate=25)
        preview.width, preview.height, preview.pix_fmt = 32, 24, "yuvj420p"
        film = container.add_stream("libx264", rate=25)
        film.width, film.height, film.pix_fmt = 128, 96, "yuv420p"
        container.mux(preview.encode(av.VideoFrame.from_ndarray(np.zeros((24, 32, 3), np.uint8), format="rgb24")))
        for number in range(8):
            container.mux(film.encode(av.VideoFrame.from_ndarray(draw_number(number, 96, 128), format="rgb24")))
        container.mux(film.encode())
    frames, video = decode(path)
    assert [read_number(frame.image) for frame in frames] == list(range(8))
    assert (video.width, video.codec) == (128, "h264")


def test_a_length_that_the_file_does_not_tell_is_unknown(write_clip, tmp_path):
    live = tmp_path / "live.webm"
    recorded = write_clip("a.webm", codec="libvpx")
    with av.open(str(recorded)) as source, av.open(str(live), "w", options={"live": "1"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    for path in (live, write_clip("raw.h264")):
        assert probe(VideoFile("clip", str(path))).n_frames == 0
        assert decode(path)[1].n_frames == 20
        assert not decode(path)[1].truncated

"""A frame number drawn into the picture is read back from whatever a run makes, before and behind damage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from schemas import tables
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.video import open_video
from verification_ui.media.clips import make_clips

N, WIDTH, HEIGHT, SIDE, STEP, GOP = 30, 320, 160, 40, 6, 10
Picture = np.ndarray
KINDS = {
    "reordered.mp4": ("libx264", "yuv420p", {"bf": "2", "crf": "10"}),
    "damaged.mp4": ("libx264", "yuv420p", {"bf": "0", "crf": "10"}),
    "lossy.ts": ("libx264", "yuv420p", {"bf": "2", "crf": "10"}),
    "joined.ts": ("mpeg2video", "yuv420p", {"qmin": "1", "qmax": "3"}),
    "plain.avi": ("mjpeg", "yuvj420p", {"qmin": "1", "qmax": "3"}),
    "film.webm": ("libvpx", "yuv420p", {"b": "3M", "deadline": "realtime"}),
    "animated.gif": ("gif", "rgb8", {}),
}
VIDEO_IDS = [*(Path(name).stem for name in KINDS), "folder"]
HINTED = range(2, N, 5)


def picture(number: int) -> Picture:
    """A red square that moves with the number, on a textured ground; the top row of blocks is the number in binary."""
    small = np.random.default_rng(7).integers(60, 150, (10, 18)).astype(np.uint8)
    ground = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    image = np.stack([ground // 2, ground, ground // 2 + 60], axis=-1)
    for bit in range(8):
        image[:24, 24 * bit : 24 * bit + 24] = 250 if number >> bit & 1 else 5
    image[80 : 80 + SIDE, left(number) : left(number) + SIDE] = (220, 30, 30)
    return image


def left(number: int) -> int:
    return 12 + STEP * number


def read_number(image: Picture, scale: float = 1.0) -> int:
    spots = [int((24 * bit + 12) * scale) for bit in range(8)]
    return sum(
        int(image[int(8 * scale) : int(16 * scale), x - 2 : x + 3].mean() > 128) << i for i, x in enumerate(spots)
    )


def write_overlay_video(path: Path, numbers: range, codec: str, pix_fmt: str, options: dict[str, str]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = WIDTH, HEIGHT, pix_fmt, GOP
        for number in numbers:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="rgb24")))
        container.mux(stream.encode())


def write_films(folder: Path) -> None:
    folder.mkdir()
    for name, kind in KINDS.items():
        write_overlay_video(folder / name, range(N), *kind)
    write_overlay_video(folder / "joined.ts", range(N // 2), *KINDS["joined.ts"])
    write_overlay_video(folder / "part.ts", range(N // 2, N), *KINDS["joined.ts"])
    with (folder / "joined.ts").open("ab") as joined:
        joined.write((folder / "part.ts").read_bytes())
    (folder / "part.ts").unlink()
    content = bytearray((folder / "damaged.mp4").read_bytes())
    with av.open(str(folder / "damaged.mp4")) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][13]
    content[packet.pos + 5 : packet.pos + packet.size] = bytes([255]) * (packet.size - 5)
    (folder / "damaged.mp4").write_bytes(content)
    stream = (folder / "lossy.ts").read_bytes()
    middle = 188 * (len(stream) // 376)
    (folder / "lossy.ts").write_bytes(stream[:middle] + stream[middle + 188 * 9 :])
    (folder / "folder").mkdir()
    for number in range(N):
        Image.fromarray(picture(number)).save(folder / f"folder/{number:05d}.jpg", quality=95)
    (folder / "folder/00004.jpg").write_bytes(b"\xff\xd8 no picture")


def click(object_id: str, idx: int) -> dict[str, Any]:
    point = {"object_id": object_id, "x": left(idx) + SIDE // 2, "y": 80 + SIDE // 2}
    return {"frame": idx, "points": [point]}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, pointvos: Callable[..., object], fast: tuple[str, ...]) -> Path:
    """All films annotated, with clicks on the square in many frames, and on frames that are lost in two of them."""
    folder = tmp_path_factory.mktemp("indices")
    write_films(folder / "films")
    clicks = {video_id: [click("square", idx) for idx in HINTED] for video_id in VIDEO_IDS}
    clicks["damaged"].append(click("gone", 15))
    clicks["folder"] += [click("gone", 4), click("far", 0) | {"frame": 3_000_000_000}]
    (folder / "hints.json").write_text(json.dumps(clicks))
    done = pointvos(
        "annotate", folder / "films", "--localizations", folder / "hints.json", "--run", folder / "run", *fast
    )
    assert done.returncode == 3, done.stdout
    (folder / "said.txt").write_text(done.stdout)
    return folder / "run"


def videos(run: Path) -> Iterator[Video]:
    yield from tables.VIDEOS.records(tables.VIDEOS.read(run))


def place(mask: np.ndarray) -> int:
    """The number of the frame whose square a (H, W) bool mask fits best."""
    squares = np.zeros((N, *mask.shape), dtype=bool)
    for number in range(N):
        squares[number, 80 : 80 + SIDE, left(number) : left(number) + SIDE] = True
    return int(np.argmax((squares & mask).sum(axis=(1, 2)) / (squares | mask).sum(axis=(1, 2))))


def test_masks_lie_where_the_object_is_in_the_frame_of_their_index(run):
    masks = tables.MASKS.records(tables.MASKS.read(run))
    for video in videos(run):
        found = {mask.frame_idx: mask for mask in masks if mask.video_id == video.video_id}
        assert (video.n_frames, video.truncated) == (N, False), video.video_id
        assert set(found) == set(range(N)) - set(video.lost), video.video_id
        places = {idx: place(found[idx].decode()) for idx in HINTED if idx in found}
        assert places == {idx: idx for idx in places}, video.video_id
    assert {mask.video_id for mask in masks} == set(VIDEO_IDS)


def test_what_was_lost_is_told_and_hints_on_it_are_named(run):
    lost = {video.video_id: video.lost for video in videos(run) if video.lost}
    assert lost.keys() == {"damaged", "lossy", "folder"}
    assert (lost["damaged"], lost["folder"]) == (tuple(range(13, 20)), (4,))
    rejects = tables.REJECTS.records(tables.REJECTS.read(run))
    told = {reject.key: reject.detail for reject in rejects if reject.error == "damaged"}
    lost_hints = {f"{key}/square@{idx}" for key, indices in lost.items() for idx in HINTED if idx in indices}
    assert set(told) == {*lost, "damaged/gone@15", "folder/gone@4", *lost_hints}
    assert "frames 13-19;" in told["damaged"]
    assert [reject.error for reject in rejects if "3000000000" in reject.key + reject.detail] not in (
        [],
        ["unexpected"],
    )
    assert "decoded" in (run.parent / "said.txt").read_text()


def test_pictures_and_context_clips_show_the_frame_of_their_index(run, tmp_path):
    for video in videos(run):
        kept = {int(file.stem): file for file in (run / "frames" / video.video_id).glob("*.jpg")}
        assert {idx: read_number(np.asarray(Image.open(file))) for idx, file in kept.items()} == {i: i for i in kept}
        paths = {idx: tmp_path / f"{video.video_id}-{idx}.mp4" for idx in kept}
        frames = tuple(sorted(str(p) for p in Path(video.uri).glob("*.jpg"))) if Path(video.uri).is_dir() else ()
        with open_video(VideoFile(video.video_id, video.uri, frames)) as reader:
            make_clips(reader, video.fps, paths, video.cuts)
        for idx, path in paths.items():
            assert resting_number(path) == idx, video.video_id


def resting_number(path: Path) -> int:
    """The number that the clip rests on, by the white border of its frames."""
    with av.open(str(path)) as film:
        images = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    (resting,) = {read_number(image) for image in images if image[-2:].min() > 200}
    return resting


def test_exports_hold_the_frames_of_their_names(run, pointvos, tmp_path):
    folder = run.parent
    for number in range(N):
        for video in videos(run):
            path = folder / "truth" / video.video_id / f"{number:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            labels = np.zeros((HEIGHT, WIDTH), np.uint8)
            labels[80 : 80 + SIDE, left(number) : left(number) + SIDE] = 1
            Image.fromarray(labels).save(path)
    pointvos("simulate", "--run", run, "--ground-truth", folder / "truth", "--error-rate", "0")
    pointvos("merge", "--run", run)
    pointvos("export", "--run", run, "--format", "davis", "--out", tmp_path / "davis")
    for video in videos(run):
        maps = {int(file.stem): file for file in (tmp_path / "davis/Annotations" / video.video_id).glob("*.png")}
        assert set(maps) == set(range(N)) - set(video.lost)
        places = {idx: place(np.asarray(Image.open(maps[idx])) > 0) for idx in HINTED if idx in maps}
        assert places == {idx: idx for idx in places}, video.video_id
    pointvos("export", "--run", run, "--format", "pointvos", "--out", tmp_path / "points", "--name", "set")
    pictures = list((tmp_path / "points/set").glob("*/JPEGImages/*/*.jpg"))
    for file in pictures:
        with Image.open(file) as image:
            assert image.format == "JPEG"
            assert read_number(np.asarray(image)) == int(file.stem)
    assert len({file.parent.name for file in pictures}) == len(VIDEO_IDS)

from __future__ import annotations

import json
import pickle

import av
import numpy as np
import pytest

from schemas.masks import Mask, encode_rle
from schemas.points import PointCandidate, PointLabel
from schemas.ranges import VideoTables
from schemas.videos import Video
from stages.export.points.first_clicks import FirstClicks, middle
from stages.export.points.tapvid import TapVidFolder, pictures
from stages.export.points.tracks import follow
from stages.export.target import ExportTarget
from stages.ingest.placing import FrameFacts, place
from stages.ingest.registry import read_localizations
from stages.video.files import open_local

W, H, N, SIDE = 96, 64, 9, 24


def left(idx):
    """Where the square begins: it moves 3 pixels a frame."""
    return 8 + 3 * idx


def square(idx):
    mask = np.zeros((H, W), dtype=bool)
    mask[20 : 20 + SIDE, left(idx) : left(idx) + SIDE] = True
    return mask


def moving_square():
    """(T, H, W, 3): a textured square over a textured ground that rests."""
    random = np.random.default_rng(3)
    ground = random.integers(0, 70, (H, W, 3), dtype=np.uint8)
    texture = np.kron(random.integers(120, 255, (SIDE // 4, SIDE // 4, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    video = np.repeat(ground[None], N, axis=0)
    for idx in range(N):
        video[idx, 20 : 20 + SIDE, left(idx) : left(idx) + SIDE] = texture
    return video


def point(object_id, frame_idx, x, y, label=1, name="dog"):
    status = {1: "ACCEPTED", 0: "REJECTED", None: "AMBIGUOUS"}[label]
    return PointLabel("a/v", object_id, name, "", frame_idx, 0.0, x, y, label, status, True, "train", "s", "p", 0, 1,
                      f"{object_id}-{frame_idx}-{x}-{y}")  # fmt: skip


def candidate(given, distance):
    return PointCandidate(given.candidate_id, "a/v", given.object_id, given.frame_idx, given.x, given.y, True,
                          "interior", 0.5, distance, 0.9, 0, 0)  # fmt: skip


def tables(points=(), candidates=(), masks=(), frame_names=(), uri="gone.mp4", **more):
    video = Video("a/v", uri, N, H, W, 10.0, 0.9, "h264", 0, 2, **more)
    return VideoTables(video, tuple(masks), tuple(candidates), tuple(points), frame_names)


def masks_of(object_id="1"):
    return [Mask("a/v", object_id, idx, H, W, encode_rle(square(idx)), "propagator", "m", 0.9) for idx in range(N)]


def written(tmp_path, folder, found):
    done = folder.write(0, iter([found]))
    folder.join([done])
    return done, tmp_path / "out"


def test_the_click_is_the_deepest_confirmed_point_of_the_earliest_frame(tmp_path):
    points = [
        point("2", 4, 9, 9),
        point("10", 2, 5, 5),
        point("10", 2, 6, 6),
        point("10", 0, 1, 1, 0),
        point("10", 7, 0, 0),
    ]
    found = tables(points, [candidate(p, 1.0 + p.x) for p in points] + [candidate(point("3", 1, 1, 1), 1.0)])
    target = ExportTarget.prepare(tmp_path / "out")
    done, out = written(tmp_path, FirstClicks(target), found)
    assert json.loads((out / "clicks.json").read_text()) == {
        "a/v": [
            {"frame": 2, "points": [{"object_id": "10", "x": 6, "y": 6, "label": 1, "name": "dog"}]},
            {"frame": 4, "points": [{"object_id": "2", "x": 9, "y": 9, "label": 1, "name": "dog"}]},
        ]
    }
    assert (done.n_points["train"], done.n_left_out) == (2, 1)
    assert sorted(path.name for path in out.iterdir()) == [".pointvos-export", "clicks.json"]
    back, rejects = read_localizations(out / "clicks.json")
    assert rejects == []
    assert {(one.object_id, one.frame_idx, one.hint.xy_px) for one in back} == {
        ("10", 2, ((6.0, 6.0),)), ("2", 4, ((9.0, 9.0),)),
    }  # fmt: skip


def test_objects_that_nobody_confirmed_are_clicked_in_the_middle_when_asked_for_and_frames_keep_their_names(tmp_path):
    names = tuple(f"img_{5 * idx:03d}.jpg" for idx in range(N))
    found = tables(masks=masks_of()[2:], frame_names=names)
    target = ExportTarget.prepare(tmp_path / "out")
    _, out = written(tmp_path, FirstClicks(target, has_unconfirmed=True), found)
    entry = json.loads((out / "clicks.json").read_text())["a/v"]
    assert entry["frame"] == "img_010.jpg"
    x, y = middle(square(2))
    assert (entry["points"][0]["x"], entry["points"][0]["y"]) == (x, y)
    assert abs(x - (left(2) + SIDE / 2 - 0.5)) <= 1
    assert abs(y - (20 + SIDE / 2 - 0.5)) <= 1


def on_square(_, idx, x, y):
    return bool(square(idx)[int(y * H), int(x * W)])


def test_points_on_a_moving_object_are_followed_both_ways_to_a_tenth_of_a_pixel():
    starts = [(4, (left(4) + dx + 0.5) / W, (20 + dy + 0.5) / H) for dx, dy in ((8, 8), (12, 15), (16, 9))]
    tracks = follow(moving_square(), starts, (), on_square)
    assert tracks.kept.tolist() == [0, 1, 2]
    assert not tracks.is_hidden.any()
    expected = np.array(
        [[[(left(i) + dx + 0.5) / W, (20.5 + dy) / H] for i in range(N)] for dx, dy in ((8, 8), (12, 15), (16, 9))]
    )
    assert np.abs((tracks.xy_norm - expected) * [W, H]).max() < 0.1


def test_a_point_is_hidden_where_its_mask_ends_and_behind_a_cut_and_one_that_is_seen_too_seldom_is_left_out():
    start = (4, (left(4) + 12.5) / W, 32.5 / H)
    no_mask = follow(moving_square(), [start], (), lambda number, idx, x, y: idx <= 6 and on_square(number, idx, x, y))
    assert no_mask.is_hidden[0].tolist() == [False] * 7 + [True] * 2
    assert np.abs(no_mask.xy_norm[0, 8] - no_mask.xy_norm[0, 6]).max() == 0
    cut = follow(moving_square(), [start], (2,), on_square)
    assert cut.is_hidden[0].tolist() == [True] * 2 + [False] * 7
    assert follow(moving_square(), [start], (3, 6), on_square).kept.tolist() == []


@pytest.fixture
def film(tmp_path):
    file = tmp_path / "v.mkv"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = W, H, "bgr0"
        for picture in moving_square():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="bgr0")))
        container.mux(stream.encode())
    return str(file)


def test_a_pickle_holds_what_readers_of_tap_vid_take_and_comes_back_as_clicks(tmp_path, film):
    points = [point("1", 4, left(4) + 8, 28), point("1", 4, left(4) + 15, 36), point("1", 6, left(6) + 12, 30),
              point("1", 4, 2, 2, 0), point("2", 4, 1, 1)]  # fmt: skip
    found = tables(points, masks=masks_of(), uri=film)
    done, out = written(tmp_path, TapVidFolder(ExportTarget.prepare(tmp_path / "out"), open_local), found)
    assert (done.n_points["train"], done.n_objects["train"], done.n_left_out) == (3, 1, 1)
    with (out / "train.pkl").open("rb") as file:
        document = pickle.load(file)
    assert list(document) == ["a/v"]
    entry = document["a/v"]
    assert (entry["video"] == moving_square()).all()
    assert (entry["points"].shape, entry["points"].dtype) == ((3, N, 2), np.float32)
    assert (entry["occluded"].shape, entry["occluded"].dtype) == ((3, N), bool)
    assert entry["object_ids"] == ["1", "1", "1"]
    back, rejects = read_localizations(out / "train.pkl")
    assert rejects == []
    placed, rejects = place({"a/v": back}, {"a/v": FrameFacts(W, H, N)})
    assert rejects == []
    clicks = {(one.object_id, one.frame_idx, xy) for one in placed["a/v"] for xy in one.hint.xy_px}
    assert clicks == {("1", p.frame_idx, (float(p.x), float(p.y))) for p in points[:3]}


def test_several_videos_are_joined_into_one_pickle_and_one_that_is_gone_is_told(tmp_path, film):
    there = tables([point("1", 4, left(4) + 8, 28)], masks=masks_of(), uri=film)
    folder = TapVidFolder(ExportTarget.prepare(tmp_path / "out"), open_local)
    done = [
        folder.write(number, iter([tables(there.points, masks=masks_of(), uri=uri)]))
        for number, uri in enumerate([film, film])
    ]
    lost = folder.write(2, iter([tables(there.points, masks=masks_of())]))
    folder.join([*done, lost])
    with (tmp_path / "out/train.pkl").open("rb") as file:
        assert list(pickle.load(file)) == ["a/v"]
    assert "a/v: " in lost.problems["train"][0]


def test_pictures_are_scaled_to_256_pixels_on_the_shorter_side(tmp_path):
    file = tmp_path / "w.mkv"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 800, 512, "bgr0"
        black = np.zeros((512, 800, 3), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(black, format="rgb24").reformat(format="bgr0")))
        container.mux(stream.encode())
    video = Video("w", str(file), 1, 512, 800, 10.0, 0.1, "ffv1", 0)
    assert pictures(VideoTables(video), open_local).shape == (1, 256, 400, 3)

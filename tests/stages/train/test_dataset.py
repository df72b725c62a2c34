from __future__ import annotations

import platform
import resource
from functools import partial

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from schemas.points import PointLabel
from schemas.tables import POINTS
from stages.train.augmentation import Augmentation, View, draw_view
from stages.train.clips import ClipOptions, draw_clip
from stages.train.dataset import ClipSampler, DatasetOptions, JpegFrames, PointVOSDataset
from stages.train.points import FramePoints, points_of, videos_with_points

H, W, FRAMES = 40, 60, (0, 5, 9, 14)


def point(video_id, object_id, frame_idx, x, y, label, split="train"):
    status = {1: "ACCEPTED", 0: "REJECTED", None: "AMBIGUOUS"}[label]
    name = f"{video_id}/{object_id}/{frame_idx}/{x}/{y}"
    return PointLabel(video_id, object_id, "dog", "", frame_idx, 0.0, x, y, label, status, True, split, "s", "p", 0, 1,
                      name)  # fmt: skip


def file_of(root, video_id, frame_idx):
    return root / "frames" / video_id / f"{frame_idx:06d}.jpg"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Five videos of two objects, with a bright square at every point on the first object; the fifth is of val."""
    root = tmp_path_factory.mktemp("run")
    random = np.random.default_rng(0)
    for number in range(5):
        video_id, split = f"v{number}", "val" if number == 4 else "train"
        rows = []
        for frame_idx in FRAMES:
            image = np.full((H, W, 3), 20, dtype=np.uint8)
            for x, y in random.permutation([(x, y) for x in range(5, W - 5, 12) for y in range(5, H - 5, 12)])[:4]:
                image[y - 3 : y + 4, x - 3 : x + 4] = 250
                rows.append(point(video_id, "1", frame_idx, int(x), int(y), 1, split))
            rows += [point(video_id, "1", frame_idx, x, 0, 0, split) for x in range(0, W, 10)]
            rows += [point(video_id, "2", frame_idx, 3, H - 2, 1, split)] * (frame_idx != 5)
            rows.append(point(video_id, "1", frame_idx, 1, 1, None, split))
            file = file_of(root, video_id, frame_idx)
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), image, [cv2.IMWRITE_JPEG_QUALITY, 100])
        POINTS.write(root / "points" / f"{video_id}.parquet", rows)
    return root


def dataset(run, split="train", **options):
    chosen = DatasetOptions(**{"size": (H, W), "clip": ClipOptions(3, 2, 6), **options})
    return PointVOSDataset(run / "points", JpegFrames(partial(file_of, run)), split, chosen)


def test_a_sample_has_the_documented_shapes_and_types(run):
    sample = dataset(run, size=(20, 30))[0]
    assert {name: (tuple(v.shape), v.dtype) for name, v in sample.items() if isinstance(v, torch.Tensor)} == {
        "images": ((3, 3, 20, 30), torch.uint8),
        "xy": ((3, 2, 6, 2), torch.float32),
        "labels": ((3, 2, 6), torch.int8),
        "frame_idx": ((3,), torch.int64),
    }
    assert set(np.unique(sample["labels"])) <= {-1, 0, 1}


def test_points_lie_on_their_pixels_in_every_augmented_view(run):
    data = dataset(run, size=(80, 120), augmentation=Augmentation(0.6, light=0.3), clips_a_video=40)
    seen = {0: [], 1: []}
    for number in range(len(data)):
        sample = data[number]
        grey = sample["images"].float().mean(dim=1)
        for t, p in np.ndindex(3, 6):
            label, (x, y) = int(sample["labels"][t, 0, p]), sample["xy"][t, 0, p].round().int().tolist()
            if sample["object_ids"].startswith("1") and label >= 0:
                seen[label].append(float(grey[t, y, x]) > 110)
    assert len(seen[1]) > 300
    assert np.mean(seen[1]) > 0.99
    assert np.mean(seen[0]) < 0.01


def test_a_clip_depends_on_seed_epoch_and_number_alone(run):
    first, again, later, other = dataset(run)[1], dataset(run)[(0, 1)], dataset(run)[(1, 1)], dataset(run, seed=1)[1]
    assert all(torch.equal(first[name], again[name]) for name in ("images", "xy", "labels"))
    assert not torch.equal(first["images"], later["images"])
    assert not torch.equal(first["images"], other["images"])


def bytes_of(sample):
    return {name: v.numpy().tobytes() if isinstance(v, torch.Tensor) else v for name, v in sample.items()}


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize(("n_workers", "n_ranks"), [(1, 1), (2, 2), (4, 1), (4, 2)])
def test_workers_and_ranks_share_the_same_clips_in_the_same_order_also_when_resumed(run, n_workers, n_ranks):
    data = dataset(run, clips_a_video=3)

    def loaded(rank, start):
        sampler = ClipSampler(data, rank, n_ranks)
        sampler.set_epoch(1, start)
        return [bytes_of(one) for one in DataLoader(data, None, sampler=sampler, num_workers=n_workers)]

    sampler = ClipSampler(data)
    sampler.set_epoch(1)
    alone = [bytes_of(data[key]) for key in sampler]
    for rank in range(n_ranks):
        assert loaded(rank, start=2 * rank) == alone[rank::n_ranks][2 * rank :]


def test_an_epoch_continues_where_it_was_left_and_another_has_another_order(run):
    data = dataset(run, clips_a_video=3)
    sampler = ClipSampler(data)
    whole = list(sampler)
    sampler.set_epoch(0, start=5)
    assert (len(sampler), list(sampler)) == (7, whole[5:])
    sampler.set_epoch(1)
    assert [number for _, number in sampler] != [number for _, number in whole]
    assert sorted(number for _, number in sampler) == list(range(12))
    with pytest.raises(ValueError, match=r"rank 2 is not in 0\.\.1"):
        ClipSampler(data, 2, 2)


def test_clips_that_do_not_go_round_come_again(run):
    data = dataset(run)
    shares = [[number for _, number in ClipSampler(data, rank, 3, is_shuffled=False)] for rank in range(3)]
    assert shares == [[0, 3], [1, 0], [2, 1]]


def test_undecided_points_and_other_splits_are_left_out(run):
    assert [video.video_id for video in videos_with_points(run / "points", "train")] == ["v0", "v1", "v2", "v3"]
    (val,) = videos_with_points(run / "points", "val")
    points = points_of(val)
    assert list(points) == ["1", "2"]
    assert list(points["2"]) == [0, 9, 14]
    assert sum(len(here.labels) for here in points["1"].values()) == 4 * (4 + 6)
    with pytest.raises(FileNotFoundError, match="pointvos merge"):
        videos_with_points(run / "frames", "train")


def frame_points(*labels):
    return FramePoints(np.arange(2 * len(labels)).reshape(-1, 2).astype(np.int32), np.array(labels, dtype=np.int8))


def test_every_object_of_a_clip_has_a_point_on_it_in_the_first_frame():
    video = {
        "a": {0: frame_points(0), 3: frame_points(1), 6: frame_points(1, 0)},
        "b": {0: frame_points(1), 6: frame_points(1)},
        "c": {0: frame_points(0), 3: frame_points(0)},
    }
    for seed in range(50):
        clip = draw_clip(video, ClipOptions(2, 3, 5), np.random.default_rng(seed))
        assert all(own[0].labels.any() for own in clip.points)
        assert len(set(clip.frame_idx)) == 2
        assert set(clip.object_ids) <= {"a", "b"}
    with pytest.raises(ValueError, match="no object of the video has a point on it"):
        draw_clip({"c": video["c"]}, ClipOptions(), np.random.default_rng(0))


def test_of_many_points_as_many_on_as_off_the_object_are_kept():
    crowded = {"a": {0: frame_points(*[1] * 30, *[0] * 5), 1: frame_points(*[1] * 2, *[0] * 50)}}
    clip = draw_clip(crowded, ClipOptions(2, 1, 12), np.random.default_rng(0))
    assert [int(here.labels.sum()) for here in clip.points[0]] == [7, 2]
    assert [len(here.labels) for here in clip.points[0]] == [12, 12]


def test_a_view_and_its_mirror_image_keep_the_centres_of_pixels():
    xy = np.array([[10, 4], [29, 13], [30, 4]], dtype=np.int32)
    seen, is_inside = View((10, 4, 30, 14), 20, 40).points(xy)
    assert is_inside.tolist() == [True, True, False]
    assert seen[:2].tolist() == [[0.5, 0.5], [38.5, 18.5]]
    mirrored, _ = View((10, 4, 30, 14), 20, 40, is_mirrored=True).points(xy)
    assert mirrored[:2].tolist() == [[38.5, 0.5], [0.5, 18.5]]


def test_a_pixel_is_where_its_point_is_in_every_view():
    """A frame whose every pixel is black but for one: in the view, the light lies around the point, exactly."""
    for seed in range(60):
        random = np.random.default_rng(seed)
        view = draw_view((H, W), (4 * H, 4 * W), Augmentation(least_side=0.5, light=0.0), random)
        x0, y0, x1, y1 = view.window
        x, y = int(random.integers(x0, x1)), int(random.integers(y0, y1))
        frame = np.zeros((H, W, 3), dtype=np.uint8)
        frame[y, x] = 255
        light = view.image(frame)[:, :, 0].astype(np.float64)
        (seen,), (is_inside,) = view.points(np.array([[x, y]]))
        assert is_inside
        assert not view.points(np.array([[x0 - 1, y0], [x1, y1]]))[1].any()
        if x0 < x < x1 - 1 and y0 < y < y1 - 1:  # at the edge, the light goes on outside
            centre = [(light.sum(axis=axis) * np.arange(light.shape[1 - axis])).sum() / light.sum() for axis in (0, 1)]
            assert seen == pytest.approx(centre, abs=0.05)


def test_smaller_images_are_averaged_on_request_and_always_below_half_of_the_size():
    frame = np.random.default_rng(0).integers(0, 255, (H, W, 3), dtype=np.uint8)

    def image(height, width, **more):
        return View((0, 0, W, H), height, width, **more).image(frame)

    area, linear = (
        lambda size, how=how: cv2.resize(frame, size, interpolation=how) for how in (cv2.INTER_AREA, cv2.INTER_LINEAR)
    )
    assert np.array_equal(image(30, 45), linear((45, 30)))
    assert np.array_equal(image(30, 45, is_averaged=True), area((45, 30)))
    assert np.array_equal(image(10, 15), area((15, 10)))
    assert np.array_equal(image(30, 45, is_mirrored=True), linear((45, 30))[:, ::-1])


def test_views_stay_in_the_frame():
    for seed in range(100):
        x0, y0, x1, y1 = draw_view((H, W), (8, 8), Augmentation(), np.random.default_rng(seed)).window
        assert 0 <= x0 < x1 <= W
        assert 0 <= y0 < y1 <= H


def test_a_frame_that_is_not_kept_is_named(run):
    with pytest.raises(FileNotFoundError, match="frame 7 of 'v0' cannot be read"):
        JpegFrames(partial(file_of, run))("v0", 7)


def test_masks_move_along_with_their_pixels_and_are_unknown_where_there_is_none(run):
    def bright(video_id, object_id, frame_idx):
        if object_id == "2" or frame_idx == 9:
            return None
        return cv2.imread(str(file_of(run, video_id, frame_idx)), cv2.IMREAD_GRAYSCALE) > 130

    options = DatasetOptions((80, 120), ClipOptions(3, 2, 6), Augmentation(0.6), clips_a_video=8)
    data = PointVOSDataset(run / "points", JpegFrames(partial(file_of, run)), "train", options, bright)
    known = []
    for number in range(len(data)):
        sample = data[number]
        assert sample["masks"].shape == (3, 2, 80, 120)
        grey = sample["images"].float().mean(dim=1).numpy()
        for t, o in np.ndindex(3, len(sample["object_ids"].split("\n"))):
            mask = sample["masks"][t, o].numpy()
            if sample["object_ids"].split("\n")[o] == "2" or sample["frame_idx"][t] == 9:
                assert (mask == 255).all()
            else:
                known.append(((mask == 1) == (grey[t] > 130)).mean())
    assert len(known) > 20
    assert np.mean(known) > 0.97


def test_few_views_make_the_same_pictures_again(run):
    data = dataset(run, views=2, clips_a_video=30).only({"v1"})
    assert [video.video_id for video in data.videos] == ["v1"]
    seen = {bytes(sample["images"][t].numpy()) for sample in map(data.__getitem__, range(30)) for t in range(3)}
    assert len(seen) == 2 * len(FRAMES)


class Memory(Dataset):
    """Whether a process returns large freed blocks: page faults of getting four megabytes a second time."""

    def __init__(self, clips):
        self.clips = clips

    def __len__(self):
        return 1

    def __getitem__(self, key):
        self.clips[0]
        for _ in range(2):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            blocks = [np.ones(2_000_000, dtype=np.uint8) for _ in range(2)]
            del blocks
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_workers_keep_the_memory_of_freed_frames_for_the_next_ones(run):
    (faults,) = list(DataLoader(Memory(dataset(run)), None, num_workers=1))
    assert faults < 100, "the pages of both blocks, a thousand, would be mapped again"


def test_between_annotated_frames_lie_others_of_which_nothing_is_told(run):
    def read(_video_id, frame_idx):
        return np.full((H, W, 3), frame_idx * 10, dtype=np.uint8)

    def mask(*_):
        return np.ones((H, W), dtype=bool)

    options = DatasetOptions(size=(H, W), clip=ClipOptions(frames=2, objects=1, between=2), augmentation=None)
    clips = PointVOSDataset(run / "points", read, options=options, read_mask=mask)
    seen = set()
    for epoch in range(30):
        clip = clips[epoch, 0]
        seen.add(tuple(clip["frame_idx"].tolist()))
        assert clip["images"][:, 0, 0, 0].tolist() == [10 * idx for idx in clip["frame_idx"].tolist()]
        assert [bool((labels >= 0).any()) for labels in clip["labels"]] == [True, False, False, True]
        assert clip["masks"].flatten(1).float().mean(dim=1).tolist() == [1, 255, 255, 1]
    assert seen == {(0, 1, 3, 5), (0, 3, 6, 9), (5, 6, 7, 9), (9, 10, 12, 14)}
    with pytest.raises(ValueError, match="between -1 must be at least 0"):
        ClipOptions(between=-1)

"""Pictures of packs and of COCO files."""

from __future__ import annotations

import json
import lzma

import cv2
import numpy as np
import pytest

from stages.backends.embedded.training.coco import read_coco
from stages.backends.embedded.training.packs import read_packs
from stages.backends.embedded.training.pictures import hold_out, make_picture


def picture(shade: int, height: int = 60, width: int = 80) -> np.ndarray:
    return np.full((height, width, 3), shade, dtype=np.uint8)


def square(x: int, y: int, side: int = 20, height: int = 60, width: int = 80) -> np.ndarray:
    mask = np.zeros((height, width), dtype=bool)
    mask[y : y + side, x : x + side] = True
    return mask


def packed(masks: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """LZMA of bits, each row XORed with the one above, and where each mask begins."""
    parts = [np.packbits(np.concatenate([mask[:1], mask[1:] ^ mask[:-1]])) for mask in masks]
    stream = lzma.compress(np.concatenate(parts).tobytes())
    return np.frombuffer(stream, dtype=np.uint8), np.cumsum([0, *map(len, parts)])


@pytest.fixture
def packs(tmp_path):
    images = [cv2.imencode(".png", picture(shade))[1].ravel() for shade in (10, 20, 30)]
    mask, mo = packed([square(5, 5), square(40, 30), square(10, 20), square(0, 0)])
    np.savez(
        tmp_path / "pack0.npz", img=np.concatenate(images), off=np.cumsum([0, *map(len, images)]),
        hw=np.full((3, 2), (60, 80)), src=np.array([0, 1, 0]), names=np.array(["cats", "dogs"]),
        val=np.array([False, False, True]), key=np.array(["a", "b", "c"]), mask=mask, mo=mo, mi=np.array([0, 0, 1, 2]),
    )  # fmt: skip
    mask, mo = packed([square(30, 3, 9), square(1, 1)])
    np.savez(tmp_path / "pack1.npz", keys=np.array(["b", "nobody"]), mask=mask, mo=mo, mi=np.array([0, 1]))
    return [tmp_path / "pack1.npz", tmp_path / "pack0.npz"]


def test_packs_are_read_with_the_masks_that_a_later_one_adds(packs):
    a, b, c = read_packs(packs)
    assert [(p.key, p.source, p.is_held_out) for p in (a, b, c)] == [
        ("a", "cats", False),
        ("b", "dogs", False),
        ("c", "cats", True),
    ]
    assert [len(p.targets) for p in (a, b, c)] == [2, 2, 1]
    assert [target.is_part for target in b.targets] == [False, True]
    assert np.array_equal(a.mask(1), square(40, 30))
    assert np.array_equal(b.mask(1), square(30, 3, 9))
    assert a.image().shape == (60, 80, 3)
    assert b.image()[0, 0, 0] == 20


def test_a_source_can_be_left_out_and_an_unknown_one_is_named(packs):
    assert [p.key for p in read_packs(packs, ["cats"])] == ["b"]
    with pytest.raises(ValueError, match="unknown source 'cows'; the packs have: cats, dogs"):
        read_packs(packs, ["cows"])


def test_what_is_no_pack_is_named(tmp_path, packs):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(
        ValueError, match=r"other.npz is not a pack of pictures and masks: it has no keys, mask, mi, mo"
    ):
        read_packs([tmp_path / "other.npz"])
    (tmp_path / "cut.npz").write_bytes(packs[1].read_bytes()[:500])
    with pytest.raises(ValueError, match=r"cut.npz cannot be read as a pack"):
        read_packs([tmp_path / "cut.npz"])


def test_coco_instances_are_read_and_what_cannot_be_used_is_said(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), picture(50))
    cv2.imwrite(str(tmp_path / "b.png"), picture(60, 1200, 1600))
    polygon = [[10, 10, 40, 10, 40, 40, 10, 40]]
    document = {
        "images": [
            {"id": 1, "file_name": "a.png", "height": 60, "width": 80},
            {"id": 2, "file_name": "b.png"},
            {"id": 3, "file_name": "gone.png"},
            {"id": 4, "file_name": "../a.png"},
            {"id": 5, "file_name": "a.png", "height": 61, "width": 80},
            {"id": 6, "file_name": "a.png"},
        ],
        "annotations": [
            {"image_id": 1, "segmentation": polygon},
            {"image_id": 1, "segmentation": {"size": [60, 80], "counts": [600, 600, 3600]}},
            {"image_id": 1, "segmentation": polygon, "iscrowd": 1},
            {"image_id": 2, "segmentation": [[0, 0, 800, 0, 800, 600, 0, 600]]},
            *({"image_id": number, "segmentation": polygon} for number in (3, 4, 5)),
            {"image_id": 6, "bbox": [0, 0, 5, 5]},
        ],
    }  # fmt: skip
    (tmp_path / "instances.json").write_text(json.dumps(document))
    (a, b), problems = read_coco(tmp_path / "instances.json", tmp_path)
    assert np.array_equal(a.mask(0), square(10, 10, 30))
    assert np.array_equal(a.mask(1), np.isin(np.arange(80), np.arange(10, 20)) & np.ones((60, 1), dtype=bool))
    assert (b.height, b.width) == (384, 512)
    assert b.mask(0).mean() == pytest.approx(0.25, abs=0.01)
    assert a.is_held_out != b.is_held_out
    told = "; ".join(problems)
    assert len(problems) == 3
    assert "image 'gone.png'" in told
    assert "file_name '../a.png' leads out of" in told
    assert "it has 80x60 pixels; the file says 80x61" in told
    (tmp_path / "instances.json").write_text("[]")
    with pytest.raises(ValueError, match="is not a COCO file: it needs lists of images and of annotations"):
        read_coco(tmp_path / "instances.json", tmp_path)


def test_groups_are_held_out_as_a_whole_and_the_same_ones_every_time():
    pictures = [make_picture(str(i), "s", picture(i), [square(5, 5)]) for i in range(60)]
    groups = [f"video {i // 3}" for i in range(60)]
    kept = {group for p, group in zip(hold_out(pictures, groups), groups, strict=True) if p.is_held_out}
    assert len(kept) == 1
    assert [p.is_held_out for p in hold_out(pictures, groups)] == [group in kept for group in groups]
    assert not any(p.is_held_out for p in hold_out(pictures, ["one"] * 60))


def test_points_move_with_the_picture_and_a_small_object_without_points_is_left_out():
    large = picture(9, 1024, 2048)
    points = np.array([[2047, 1023, 1], [0, 0, 0]])
    found = make_picture("k", "s", large, [square(0, 0, 4, 1024, 2048)] * 2, [points, points[:0]])
    assert (found.height, found.width) == (256, 512)
    assert [target.points for target in found.targets] == [((511, 255, 1), (0, 0, 0))]
    assert make_picture("k", "s", large, [square(0, 0, 4, 1024, 2048)]) is None

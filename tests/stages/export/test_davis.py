from __future__ import annotations

import numpy as np
import pytest

from schemas.masks import Mask, encode_rle
from schemas.videos import Video
from stages.export.davis import frame_name, index_maps, object_indices
from stages.export.index_png import palette

VIDEO = Video("v", "v.mp4", 3, 4, 6, 10.0, 0.3, "h264", 0)


def mask_row(object_id, frame_idx, columns, quality, round_=0):
    mask = np.zeros((4, 6), dtype=bool)
    mask[:, columns] = True
    return Mask("v", object_id, frame_idx, 4, 6, encode_rle(mask), "propagator", "flow", quality, round_)


def test_the_better_mask_is_on_top_and_frames_without_objects_are_zero():
    masks = [mask_row("a", 1, slice(0, 4), 0.9), mask_row("b", 1, slice(2, 6), 0.5), mask_row("b", 0, [0], 0.5)]
    maps = dict(index_maps(VIDEO, masks, {"a": 1, "b": 2}))
    assert {idx: labels[0].tolist() for idx, labels in maps.items()} == {
        0: [2, 0, 0, 0, 0, 0],
        1: [1, 1, 1, 1, 2, 2],
        2: [0, 0, 0, 0, 0, 0],
    }


def test_of_several_rounds_the_latest_mask_counts():
    masks = [mask_row("a", 0, [5], 0.1, round_=1), mask_row("a", 0, [0], 0.9)]
    assert next(index_maps(VIDEO, masks, {"a": 1}))[1][0].tolist() == [0, 0, 0, 0, 0, 1]


def test_numbers_stay_the_indices_and_other_ids_are_numbered():
    assert object_indices(["10", "2"]) == {"10": 10, "2": 2}
    assert object_indices(["01", "2"]) == {"01": 1, "2": 2}
    assert object_indices(["0", "300"]) == {"0": 1, "300": 2}
    assert object_indices(map(str, (11, 0, 1, 2, 10))) == {"0": 1, "1": 2, "2": 3, "10": 4, "11": 5}
    assert object_indices(["a10", "a9n0", "a9"]) == {"a9": 1, "a9n0": 2, "a10": 3}
    with pytest.raises(ValueError, match="255 objects do not fit"):
        object_indices(f"o{i}" for i in range(255))


def test_frames_stay_in_the_folder():
    assert frame_name("a/b c", 12) == "Annotations/a/b c/00012.png"
    for bad in ("../x", "/etc"):
        with pytest.raises(ValueError, match="leads out"):
            frame_name(bad, 0)


def test_the_palette_is_that_of_davis():
    colours = np.frombuffer(palette(), dtype=np.uint8).reshape(-1, 3)
    known = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128), (0, 128, 128)]
    assert [tuple(c) for c in colours[:7].tolist()] == known
    assert tuple(colours[255].tolist()) == (224, 224, 192)
    assert len(set(map(tuple, colours.tolist()))) == 256

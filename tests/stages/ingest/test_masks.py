from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from schemas.masks import decode_rle
from stages.ingest import masks
from stages.ingest.errors import IngestError
from stages.ingest.registry import read_localizations


def write(path: Path, labels: list[list[int]], *, palette: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.array(labels, np.uint8))
    if palette:
        image.putpalette([channel for i in range(256) for channel in (i, 255 - i, i // 2)])
    image.save(path)


def parse(root: Path):
    parsed = masks.parse(root, root.rglob("*.png"))
    return parsed.localizations, parsed.rejects


def decoded(one):
    return decode_rle(one.hint.rle, one.hint.height, one.hint.width).astype(int).tolist()


def test_every_index_of_a_palette_mask_is_an_object(tmp_path):
    write(tmp_path / "set/dog/00003.png", [[0, 1, 1], [7, 255, 0]])
    (one, seven), rejects = parse(tmp_path)
    assert not rejects
    assert (one.video_id, one.object_id, one.frame_idx) == ("set/dog", "1", 3)
    assert (one.group, one.rule) == ("objects", "mask")
    assert decoded(one) == [[0, 1, 1], [0, 0, 0]]
    assert seven.object_id == "7"
    assert decoded(seven) == [[0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 255]], {"1": [[0, 1]]}),
        ([[0, 1]], {"1": [[0, 1]]}),
        ([[0, 2, 255]], {"2": [[0, 1, 0]]}),
    ],
)
def test_a_gray_mask_is_binary_or_holds_object_numbers(tmp_path, values, expected):
    write(tmp_path / "dog/0.png", values, palette=False)
    localizations, rejects = parse(tmp_path)
    assert not rejects
    assert {one.object_id: decoded(one) for one in localizations} == expected


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "1", "I;16"])
def test_a_binary_mask_may_be_saved_in_any_gray_way(tmp_path, mode):
    (tmp_path / "dog").mkdir()
    image = Image.fromarray(np.array([[0, 255]], np.uint8))
    image = Image.fromarray(np.array([[0, 255]], np.uint16)) if mode == "I;16" else image.convert(mode)
    image.save(tmp_path / "dog/0.png")
    (one,), _ = parse(tmp_path)
    assert (one.object_id, decoded(one)) == ("1", [[0, 1]])


def test_255_alone_in_a_palette_is_the_object_unless_other_masks_of_the_video_hold_numbers(tmp_path):
    write(tmp_path / "binary/00000.png", [[0, 255, 255]])
    write(tmp_path / "numbered/00000.png", [[0, 255, 255]])
    write(tmp_path / "numbered/00005.png", [[0, 2, 255]])
    localizations, rejects = parse(tmp_path)
    assert {(one.video_id, one.object_id, one.frame_idx): decoded(one) for one in localizations} == {
        ("binary", "1", 0): [[0, 1, 1]],
        ("numbered", "2", 5): [[0, 1, 0]],
    }
    assert not rejects


def test_a_folder_of_masks_is_its_own_video(tmp_path):
    write(tmp_path / "dog" / "00000.png", [[1]])
    (one,), _ = parse(tmp_path / "dog")
    assert one.video_id == "dog"


def test_several_frames_are_used_and_empty_ones_passed_over(tmp_path):
    for name, value in (("00000", 1), ("00005", 0), ("00010", 1)):
        write(tmp_path / f"dog/{name}.png", [[value]])
    localizations, rejects = parse(tmp_path)
    assert [one.frame_idx for one in localizations] == [0, 10]
    assert not rejects


def test_a_video_whose_masks_are_all_empty_is_rejected(tmp_path):
    write(tmp_path / "dog/0.png", [[0, 0]])
    localizations, (reject,) = parse(tmp_path)
    assert not localizations
    assert (reject.key, reject.error) == ("dog", "empty_mask")


@pytest.mark.parametrize(("content", "error"), [(b"", "empty_file"), (b"text", "not_an_image")])
def test_a_bad_file_is_rejected_and_spares_the_others(tmp_path, content, error):
    write(tmp_path / "dog/1.png", [[1]])
    (tmp_path / "dog/0.png").write_bytes(content)
    (one,), (reject,) = parse(tmp_path)
    assert one.frame_idx == 1
    assert (reject.key, reject.error) == ("dog/0.png", error)


def test_a_cut_png_is_rejected(tmp_path):
    write(tmp_path / "dog/0.png", np.random.default_rng(0).integers(0, 9, (60, 60)).tolist())
    content = (tmp_path / "dog/0.png").read_bytes()
    (tmp_path / "dog/0.png").write_bytes(content[: len(content) // 2])
    assert [reject.error for reject in parse(tmp_path)[1]] == ["not_an_image"]


def test_a_colour_image_is_rejected(tmp_path):
    (tmp_path / "dog").mkdir()
    Image.new("RGB", (2, 2), (200, 0, 0)).save(tmp_path / "dog/0.png")
    assert {reject.key: reject.error for reject in parse(tmp_path)[1]} == {"dog/0.png": "colour_mask"}


@pytest.mark.parametrize(
    ("name", "frame_idx"), [("first.png", 0), ("clip7_00012.png", 12), ("img_0000003.png", 2), ("img_0000000.png", 0)]
)
def test_a_mask_keeps_the_name_of_its_frame(tmp_path, name, frame_idx):
    write(tmp_path / "dog" / name, [[1]])
    (one,), rejects = parse(tmp_path)
    assert not rejects
    assert (one.frame_name, one.frame_idx) == (name, frame_idx)


def test_a_name_that_is_not_utf_8_rejects_that_mask_only(tmp_path):
    write(tmp_path / "dog/0.png", [[1]])
    write(tmp_path / "caf\udce9/0.png", [[1]])
    (one,), (reject,) = parse(tmp_path)
    assert one.video_id == "dog"
    assert reject.error == "name_not_utf8"
    assert "caf\\xe9/0.png" in reject.detail


def test_masks_of_names_with_one_number_are_not_taken_for_one(tmp_path):
    for name in ("a_1.png", "b_1.png"):
        write(tmp_path / "dog" / name, [[1]])
    localizations, rejects = read_localizations(tmp_path)
    assert [one.frame_name for one in localizations] == ["a_1.png", "b_1.png"]
    assert not rejects


def test_a_folder_of_jpeg_masks_is_refused_and_says_what_is_wanted(tmp_path):
    (tmp_path / "dog").mkdir()
    Image.new("L", (2, 2)).save(tmp_path / "dog/00000.jpg")
    with pytest.raises(IngestError, match=r"JPEG files such as '00000.jpg'.* save masks as PNG") as caught:
        read_localizations(tmp_path)
    assert caught.value.error == "lossy_masks"


def test_davis_masks_are_read_whole(davis):
    folder = davis / "Annotations/480p"
    parsed = masks.parse(folder, [folder / "dog/00000.png"])
    (one,) = parsed.localizations
    truth = np.asarray(Image.open(folder / "dog/00000.png").convert("L")) > 127
    np.testing.assert_array_equal(decode_rle(one.hint.rle, 480, 854), truth)

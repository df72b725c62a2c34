from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from schemas.iou import iou
from stages.video.mask_images import MaskImageError, object_id, read_mask_image

HEIGHT, WIDTH = 90, 160
SQUARE = (slice(30, 70), slice(20, 70))


def square(value=255, dtype=np.uint8):
    labels = np.zeros((HEIGHT, WIDTH), dtype)
    labels[SQUARE] = value
    return labels


def read(tmp_path, image: Image.Image):
    image.save(tmp_path / "0.png")
    labels = read_mask_image(tmp_path / "0.png")
    return {object_id(int(label)): labels == label for label in np.unique(labels[labels > 0])}


def reject(tmp_path, image: Image.Image) -> MaskImageError:
    with pytest.raises(MaskImageError) as caught:
        read(tmp_path, image)
    return caught.value


def bicubic(image):
    return image.resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.BILINEAR).resize((WIDTH, HEIGHT))


def noisy(image):
    values = np.asarray(image).astype(int) + np.random.default_rng(0).integers(-6, 7, (HEIGHT, WIDTH))
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


SMOOTHED = {
    "resized": bicubic,
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
    "strongly blurred": lambda image: image.filter(ImageFilter.GaussianBlur(8)),
    "lanczos": lambda image: image.resize((60, 34)).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS),
    "compressed": noisy,
    "in colour mode": lambda image: bicubic(image).convert("RGB"),
    "16 bits": lambda image: Image.fromarray(np.asarray(bicubic(image)).astype(np.uint16) * 257),
    "not quite white": lambda image: bicubic(image.point(lambda v: v * 240 // 255)),
}


@pytest.mark.parametrize("name", SMOOTHED)
def test_a_binary_mask_with_smoothed_edges_is_one_object(tmp_path, name):
    found = read(tmp_path, SMOOTHED[name](Image.fromarray(square())))
    assert list(found) == ["1"]
    assert iou(found["1"], square() > 0) > (0.85 if name == "strongly blurred" else 0.92)


def test_a_drawn_ellipse_with_smoothed_edges_is_one_object(tmp_path):
    large = Image.new("L", (WIDTH * 4, HEIGHT * 4))
    ImageDraw.Draw(large).ellipse((100, 60, 400, 300), fill=255)
    exact = np.asarray(large.resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)) > 0
    found = read(tmp_path, large.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))
    assert list(found) == ["1"]
    assert iou(found["1"], exact) > 0.98


def test_several_objects_with_smoothed_edges_are_refused(tmp_path):
    labels = square(200)
    labels[10:60, 100:150] = 90
    assert reject(tmp_path, bicubic(Image.fromarray(labels))).error == "smoothed_mask"


def test_a_grey_photograph_is_refused(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (HEIGHT // 10, WIDTH // 10)).astype(np.uint8)
    photo = Image.fromarray(values).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    assert reject(tmp_path, photo).error == "smoothed_mask"
    assert reject(tmp_path, Image.merge("RGB", [photo, photo.transpose(0), photo.transpose(1)])).error == "colour_mask"


@pytest.mark.parametrize("ids", [(1, 2, 3), (38, 75, 113), (50, 100, 200), (1, 2, 255), (254, 253, 1)])
def test_grey_values_that_fill_areas_are_object_numbers(tmp_path, ids):
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    for place, number in enumerate(ids):
        labels[10:60, 5 + 50 * place : 55 + 50 * place] = number
    found = read(tmp_path, Image.fromarray(labels))
    assert {int(name): int(mask.sum()) for name, mask in found.items()} == {i: 2500 for i in ids if i != 255}


def test_hundreds_of_small_objects_of_16_bits_keep_their_numbers(tmp_path):
    labels = np.zeros((HEIGHT, WIDTH), np.uint16)
    numbers = range(100, 460)
    for place, number in enumerate(numbers):
        labels[5 * (place // 30) + 1 : 5 * (place // 30) + 5, 5 * (place % 30) : 5 * (place % 30) + 4] = number
    assert list(read(tmp_path, Image.fromarray(labels))) == [str(number) for number in numbers]


def test_255_is_undecided_among_8_bit_numbers_and_an_object_among_16_bit_ones(tmp_path):
    labels = square(7)
    labels[:20, 100:] = 255
    assert list(read(tmp_path, Image.fromarray(labels))) == ["7"]
    assert list(read(tmp_path, Image.fromarray(labels.astype(np.uint16)))) == ["7", "255"]
    assert list(read(tmp_path, Image.fromarray(square(10255, np.uint16)))) == ["10255"]
    assert list(read(tmp_path, Image.fromarray(square(65535, np.uint16)))) == ["1"]


def coloured(*colours):
    image = Image.new("RGB", (WIDTH, HEIGHT))
    for place, colour in enumerate(colours):
        image.paste(colour, (10 + 40 * place, 20, 40 + 40 * place, 60))
    return image


def test_colours_of_the_voc_palette_are_numbers_and_others_names(tmp_path):
    assert list(read(tmp_path, coloured((128, 0, 0), (0, 128, 0), (224, 224, 192)))) == ["1", "2"]
    found = read(tmp_path, coloured((236, 95, 103), (249, 145, 87)))
    assert {name: int(mask.sum()) for name, mask in found.items()} == {"rgb-ec5f67": 1200, "rgb-f99157": 1200}


def test_what_is_transparent_is_background(tmp_path):
    opaque = Image.fromarray(square())
    everywhere_red = Image.new("RGB", (WIDTH, HEIGHT), (200, 10, 10))
    for image in (
        Image.merge("RGBA", [*everywhere_red.split(), opaque]),
        Image.merge("RGBA", [opaque, opaque, opaque, opaque]),
        Image.merge("LA", [Image.new("L", (WIDTH, HEIGHT)), opaque]),
        Image.merge("RGBA", [*everywhere_red.split(), bicubic(opaque)]),
    ):
        found = read(tmp_path, image)
        assert list(found) == ["1"]
        assert iou(found["1"], square() > 0) > 0.9
    found = read(tmp_path, Image.merge("RGBA", [*coloured((0, 0, 128), (9, 9, 200)).split(), opaque]))
    assert list(found) == ["rgb-000080", "rgb-0909c8"]


def png(width: int, height: int) -> bytes:
    """A PNG whose header claims a size and whose data is one row of nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (png(30_000, 30_000), "too_large"),
        (png(12_000, 12_000), "too_large"),
        (png(100, 100)[:60], "not_an_image"),
        (b"", "empty_file"),
        (b"text", "not_an_image"),
    ],
)
def test_a_file_that_is_no_mask_is_refused_by_its_header(tmp_path, content, error):
    (tmp_path / "0.png").write_bytes(content)
    with pytest.raises(MaskImageError) as caught:
        read_mask_image(tmp_path / "0.png")
    assert caught.value.error == error
    assert "0.png" in caught.value.detail


def test_noise_of_16_bits_does_not_become_thousands_of_objects(tmp_path):
    noise = np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH)).astype(np.uint16)
    assert reject(tmp_path, Image.fromarray(noise)).error == "smoothed_mask"

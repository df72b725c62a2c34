"""Near-duplicates of real videos are found by their pictures, and different videos are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from schemas.splits import Fingerprint
from stages.split.frame_hash import HASH_BYTES, MOST_FRAMES, fingerprint, frames_of, mirrored
from stages.split.similarity import alike_pairs

SEQUENCES = ("blackswan", "bmx-trees", "breakdance", "car-shadow", "dog", "horsejump-high")


@pytest.fixture(scope="module")
def sequences(davis):
    return [
        [cv2.imread(str(file))[::2, ::2, ::-1] for file in sorted((davis / "JPEGImages" / "480p" / name).glob("*"))]
        for name in SEQUENCES
    ]


def print_of(name, frames, sha256=""):
    return Fingerprint(name, sha256, *fingerprint(frames))


@pytest.fixture(scope="module")
def originals(sequences):
    return [print_of(name, frames) for name, frames in zip(SEQUENCES, sequences, strict=True)]


def compressed(frames):
    small = (cv2.resize(frame, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA) for frame in frames)
    return [cv2.imdecode(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 25])[1], 1) for frame in small]


def cropped(frames, left=0.0, right=0.0, top=0.0, bottom=0.0):
    height, width = frames[0].shape[:2]
    rows = slice(round(top * height), round((1 - bottom) * height))
    return [frame[rows, round(left * width) : round((1 - right) * width)] for frame in frames]


def with_box(frames, height, width):
    return [cv2.rectangle(frame.copy(), (0, 0), (width, height), (255, 255, 255), -1) for frame in frames]


EDITS = {
    "compressed to a third": compressed,
    "mirrored": lambda frames: [frame[:, ::-1] for frame in frames],
    "the middle third": lambda frames: compressed(frames[len(frames) // 3 : 2 * len(frames) // 3]),
    "every fifth frame": lambda frames: frames[2::5],
    "one frame": lambda frames: compressed(frames[20:21]),
    "played backwards": lambda frames: frames[::-1],
    "borders of a tenth cut off": lambda frames: cropped(frames, 0.1, 0.1, 0.1, 0.1),
    "a corner of 85 %": lambda frames: cropped(compressed(frames), right=0.15, top=0.15),
    "sides cut off to 4:3": lambda frames: cropped(frames, 0.125, 0.125),
    "squeezed": lambda frames: [cv2.resize(frame, (240, 180)) for frame in frames],
    "brighter, with more contrast": lambda frames: [cv2.convertScaleAbs(f, alpha=1.2, beta=20) for f in frames],
    "black bars": lambda frames: [cv2.copyMakeBorder(f, 30, 30, 0, 0, cv2.BORDER_CONSTANT) for f in frames],
    "a logo": lambda frames: with_box(frames, frames[0].shape[0] // 6, frames[0].shape[1] // 5),
    "mirrored, trimmed and cropped": lambda frames: [f[:, ::-1] for f in cropped(frames[20:36], 0.1, 0.1, 0.1, 0.1)],
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_near_duplicate_of_every_video_is_found_and_nothing_else(sequences, originals, edit):
    n = len(originals)
    copies = [print_of(f"{name} copy", EDITS[edit](own)) for name, own in zip(SEQUENCES, sequences, strict=True)]
    assert alike_pairs([*originals, *copies]) == [(i, i + n) for i in range(n)]


def test_what_is_not_found(sequences, originals):
    upside_down = print_of("upside down", [frame[::-1] for frame in sequences[0]])
    less_than_half = print_of("cut", cropped(sequences[0], left=0.6))
    assert alike_pairs([originals[0], upside_down, less_than_half]) == []


def test_one_file_under_two_names_is_alike_whatever_it_shows():
    black = [np.zeros((40, 60, 3), dtype=np.uint8)] * 3
    found = [print_of("a", black, "77"), print_of("b", black, "12"), print_of("c", black, "77")]
    assert all(one.frames == b"" for one in found)
    assert alike_pairs(found) == [(0, 2)]
    assert alike_pairs([]) == []


def test_a_still_picture_has_one_hash_and_a_long_video_a_limited_number():
    random = np.random.default_rng(0)
    picture = cv2.resize(random.integers(0, 255, (6, 8, 3), dtype=np.uint8), (64, 48))
    assert len(print_of("still", [picture] * 50).frames) == HASH_BYTES
    noise = (cv2.resize(random.integers(0, 255, (6, 8, 3), dtype=np.uint8), (64, 48)) for _ in range(MOST_FRAMES + 300))
    assert len(print_of("long", noise).frames) == MOST_FRAMES * HASH_BYTES


def test_the_hash_of_a_mirrored_picture_follows_from_the_hash(sequences):
    one, other = (
        frames_of(print_of("v", frames).frames)[0] for frames in (sequences[4], EDITS["mirrored"](sequences[4]))
    )
    assert int(np.bitwise_count(mirrored(one) ^ other).sum()) <= 1
    assert np.array_equal(mirrored(mirrored(one)), one)

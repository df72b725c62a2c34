"""Class activation: real frames, and the arithmetic."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from schemas.localizations import Expression
from stages.backends.embedded.localizer import ImagenetLocalizer, class_heat, load_imagenet, rebalanced
from stages.backends.localizer import Located, NotLocated


@pytest.fixture(scope="module")
def localizer() -> ImagenetLocalizer:
    return load_imagenet("cpu")


def frame(davis: Path, sequence: str, idx: int) -> tuple[np.ndarray, np.ndarray]:
    image = cv2.imread(str(davis / "JPEGImages/480p" / sequence / f"{idx:05d}.jpg"), cv2.IMREAD_COLOR_RGB)
    mask = cv2.imread(str(davis / "Annotations/480p" / sequence / f"{idx:05d}.png"), cv2.IMREAD_GRAYSCALE)
    return image, mask > 0


@pytest.mark.parametrize(
    ("sequence", "expression"),
    [
        ("blackswan", "the black swan"),
        ("dog", "a dog"),
        ("car-shadow", "the car"),
        ("horsejump-high", "a horse jumping"),
    ],
)
def test_a_click_lies_on_the_object(localizer, davis, sequence, expression):
    image, mask = frame(davis, sequence, 0)
    found, other = localizer.locate(image, [Expression((expression,)), Expression(("a giant panda",))])
    assert isinstance(found, Located)
    ((x, y),) = found.hint.xy_px
    assert mask[int(y), int(x)]
    assert found.score >= 0.5
    assert isinstance(other, NotLocated)
    assert other.error == "not_seen"


def test_what_has_no_class_is_refused_by_name(localizer):
    image = np.zeros((64, 64, 3), dtype=np.uint8)
    (answer,) = localizer.locate(image, [Expression(("a break dancer", "the man"))])
    assert isinstance(answer, NotLocated)
    assert answer.error == "no_class"
    assert answer.detail.startswith(
        "'a break dancer' / 'the man': 'dancer' is not one of the 1,000 ImageNet classes; "
        "similar classes: ballplayer, groom, scuba diver"
    )


def test_nothing_is_seen_on_a_black_image(localizer):
    image = np.zeros((120, 160, 3), dtype=np.uint8)
    words = ("a dog", "the car", "an animal", "a bird", "a horse")
    answers = localizer.locate(image, [Expression((word,)) for word in words])
    assert [answer.error for answer in answers] == ["not_seen"] * len(words)


def test_the_peak_of_the_heat_lies_on_the_likely_cell():
    posterior = np.zeros((15, 27, 1000), dtype=np.float32)
    posterior[4, 20, [5, 7]] = 0.5
    heat = class_heat([posterior], [5, 7], 480, 864)
    assert heat.shape == (60, 108)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert (row // 4, column // 4) == (4, 20)
    assert 0.1 < heat.max() < 0.5
    assert class_heat([posterior], [6], 480, 864).max() == 0


def test_rebalancing_is_bayes_rule_for_another_prior():
    for n_classes, probability in ((1, 0.2), (9, 0.9), (118, 0.5)):
        share = n_classes / 1000
        on, off = probability * 0.01 / share, (1 - probability) * 0.99 / (1 - share)
        assert rebalanced(probability, n_classes) == pytest.approx(on / (on + off))
    assert 0 < rebalanced(0.0, 1) < rebalanced(1.0, 398) < 1
